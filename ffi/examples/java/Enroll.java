import java.io.ByteArrayInputStream;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;

/** Explains a miscopied key, then enrolls: libprovkey from Java through JNA, without JNI code. */
public final class Enroll {
    public static void main(String[] arguments) throws Exception {
        check(LibProvkey.PROVKEY.provkey_abi_version() == LibProvkey.ABI_VERSION, "another ABI");
        System.out.println("libprovkey " + LibProvkey.PROVKEY.provkey_version());

        try (Authority authority = new Authority("enroll.example")) {
            String keyText = authority.createKey("branch");
            explain(miscopied(keyText), keyText);
            enroll(authority, keyText);
        }
    }

    /** Prints which characters of a key are wrong, and its repair. */
    private static void explain(String wrong, String right) throws ProvkeyException {
        try (Connector connector = new Connector(wrong)) {
            throw new AssertionError("a wrong key was read, for " + connector.host());
        } catch (ProvkeyException error) {
            check(error.code.equals("key_miscopied"), error.code);
            check(!error.retryable, "it does not become right by itself");
            check(error.marks.indexOf('^') == wrong.length() - 20, "marked at another place");
            System.out.printf("error: %s: %s%n%s%n%s%n", error.code, error.getMessage(), error.shown, error.marks);
        }
        check(Connector.repair(wrong).equals(right), "repaired to something else");
    }

    private static void enroll(Authority authority, String keyText) throws Exception {
        try (Connector connector = new Connector(keyText)) {
            check(connector.host().equals("enroll.example"), connector.host());
            // A device sends the request with its own transport here.
            String answer = authority.enroll(connector.request());
            Instant until = connector.accept(answer, Instant.now());
            check(until.isAfter(Instant.now().plus(Duration.ofDays(360))), "valid until " + until);
            check(until.equals(leaf(answer).getNotAfter().toInstant()), "Java reads another end");
            System.out.println("notice: enrolled until " + until);
        }
        // The key has no use left.
        try (Connector second = new Connector(keyText)) {
            authority.enroll(second.request());
            throw new AssertionError("a second connector enrolled");
        } catch (ProvkeyException error) {
            check(error.code.equals("key_exhausted"), error.code);
            System.out.printf("error: %s: %s%n", error.code, error.getMessage());
        }
    }

    /** A key with one wrong character, 20 before its end. */
    private static String miscopied(String keyText) {
        char[] text = keyText.toCharArray();
        int at = text.length - 20;
        text[at] = text[at] == 'q' ? 'p' : 'q';
        return new String(text);
    }

    /** The first certificate, as Java reads it. */
    private static X509Certificate leaf(String pem) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(pem.getBytes()));
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
