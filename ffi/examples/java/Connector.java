import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.jna.Pointer;
import java.time.Instant;

/** A connector: makes a request with a provisioning key and accepts the answer. For one thread. */
public final class Connector implements AutoCloseable {
    private static final LibProvkey PROVKEY = LibProvkey.PROVKEY;

    private final Pointer key;
    private final Pointer identity;

    /** Reads the text of a key, and makes a key pair. */
    public Connector(String keyText) throws ProvkeyException {
        byte[] text = keyText.getBytes(UTF_8);
        key = ProvkeyException.call((result, error) ->
                PROVKEY.provkey_provisioning_key_read(text, new LibProvkey.SizeT(text.length), result, error));
        identity = ProvkeyException.call((result, error) ->
                PROVKEY.provkey_identity_generate(LibProvkey.KEY_ALGORITHM_P256, result, error));
    }

    /** Repairs a miscopied key text. The result is a secret. */
    public static String repair(String keyText) throws ProvkeyException {
        byte[] text = keyText.getBytes(UTF_8);
        Pointer repaired = ProvkeyException.call((result, error) ->
                PROVKEY.provkey_provisioning_key_repair(text, new LibProvkey.SizeT(text.length), result, error));
        try {
            return new LibProvkey.Bytes(repaired).data.getString(0, "UTF-8");
        } finally {
            PROVKEY.provkey_bytes_free(repaired);
        }
    }

    /** The authority's address: {@code host} or {@code host:port}. */
    public String host() {
        return new LibProvkey.ProvisioningKey(key).host;
    }

    /** The request to send, in PEM. It is not a secret. */
    public String request() throws ProvkeyException {
        Pointer request = ProvkeyException.call((result, error) ->
                PROVKEY.provkey_identity_request(identity, key, null, result, error));
        try {
            return new LibProvkey.Request(request).pem;
        } finally {
            PROVKEY.provkey_request_free(request);
        }
    }

    /** Accepts the answer, and returns until when the certificate is valid. */
    public Instant accept(String answer, Instant now) throws ProvkeyException {
        byte[] pem = answer.getBytes(UTF_8);
        LibProvkey.Accepted accepted = new LibProvkey.Accepted();
        ProvkeyException.call((none, error) -> PROVKEY.provkey_identity_accept(
                identity, pem, new LibProvkey.SizeT(pem.length), now.toEpochMilli(), accepted, error));
        return Instant.ofEpochMilli(accepted.not_after_ms);
    }

    /** Wipes the private key and the secret of the provisioning key. */
    @Override
    public void close() {
        PROVKEY.provkey_identity_free(identity);
        PROVKEY.provkey_provisioning_key_free(key);
    }
}
