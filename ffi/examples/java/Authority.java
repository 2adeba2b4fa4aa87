import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.jna.Pointer;

/** An authority in memory with one provisioning key, for the connector to enroll with. */
public final class Authority implements AutoCloseable {
    private static final LibProvkey PROVKEY = LibProvkey.PROVKEY;

    private final Pointer authority;

    public Authority(String host) throws ProvkeyException {
        Pointer store = ProvkeyException.call(PROVKEY::provkey_store_memory);
        Pointer keyring = ProvkeyException.call((result, error) ->
                PROVKEY.provkey_keyring_generate(null, result, error));
        LibProvkey.Environment environment = new LibProvkey.Environment();
        environment.store = store;
        LibProvkey.NewAuthority how = new LibProvkey.NewAuthority();
        how.host = host;
        try {
            authority = ProvkeyException.call((result, error) ->
                    PROVKEY.provkey_authority_create(environment, keyring, how, result, error));
        } finally {
            PROVKEY.provkey_keyring_free(keyring);
            PROVKEY.provkey_store_free(store);
        }
    }

    /** Creates a key for one connector, and returns its text, which is a secret. */
    public String createKey(String name) throws ProvkeyException {
        LibProvkey.NewKey how = new LibProvkey.NewKey();
        how.name = name;
        how.group = createGroup(name);
        how.certificate = createCertificate(name);
        how.max_uses = 1;
        Pointer key = ProvkeyException.call((result, error) ->
                PROVKEY.provkey_authority_create_key(authority, how, result, error));
        String id = new LibProvkey.Named(key).id;
        PROVKEY.provkey_key_details_free(key);

        Pointer text = ProvkeyException.call((result, error) ->
                PROVKEY.provkey_authority_copy_key(authority, id, result, error));
        try {
            return new LibProvkey.Bytes(text).data.getString(0, "UTF-8");
        } finally {
            PROVKEY.provkey_bytes_free(text);
        }
    }

    /** Answers a request, in PEM. */
    public String enroll(String csr) throws ProvkeyException {
        LibProvkey.EnrollRequest request = new LibProvkey.EnrollRequest();
        request.csr = csr;
        request.csr_len = new LibProvkey.SizeT(csr.getBytes(UTF_8).length);
        Pointer enrolled = ProvkeyException.call((result, error) ->
                PROVKEY.provkey_authority_enroll(authority, request, result, error));
        try {
            return new LibProvkey.Enrolled(enrolled).chain_pem;
        } finally {
            PROVKEY.provkey_enrolled_free(enrolled);
        }
    }

    private String createGroup(String name) throws ProvkeyException {
        Pointer group = ProvkeyException.call((result, error) ->
                PROVKEY.provkey_authority_create_group(authority, name, result, error));
        try {
            return new LibProvkey.Named(group).id;
        } finally {
            PROVKEY.provkey_connector_group_free(group);
        }
    }

    private String createCertificate(String name) throws ProvkeyException {
        LibProvkey.NewCertificate how = new LibProvkey.NewCertificate();
        how.name = name;
        Pointer certificate = ProvkeyException.call((result, error) ->
                PROVKEY.provkey_authority_create_certificate(authority, how, result, error));
        try {
            return new LibProvkey.Named(certificate).id;
        } finally {
            PROVKEY.provkey_enrollment_certificate_free(certificate);
        }
    }

    @Override
    public void close() {
        PROVKEY.provkey_authority_free(authority);
    }
}
