import com.sun.jna.IntegerType;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import com.sun.jna.ptr.PointerByReference;
import java.util.Map;

/** The part of provkey.h that this example needs, with the same names: the header documents it. */
public interface LibProvkey extends Library {
    LibProvkey PROVKEY =
            Native.load("provkey", LibProvkey.class, Map.of(OPTION_STRING_ENCODING, "UTF-8"));

    int ABI_VERSION = 1;
    int KEY_ALGORITHM_P256 = 1;

    int provkey_abi_version();

    String provkey_version();

    // What is handed out is freed with the function named after its type.
    void provkey_error_free(Pointer error);

    void provkey_bytes_free(Pointer bytes);

    // The connector.
    int provkey_provisioning_key_read(
            byte[] text, SizeT textLen, PointerByReference key, PointerByReference error);

    int provkey_provisioning_key_repair(
            byte[] text, SizeT textLen, PointerByReference repaired, PointerByReference error);

    void provkey_provisioning_key_free(Pointer key);

    int provkey_identity_generate(
            int algorithm, PointerByReference identity, PointerByReference error);

    int provkey_identity_request(
            Pointer identity,
            Pointer key,
            Pointer fingerprint,
            PointerByReference request,
            PointerByReference error);

    int provkey_identity_accept(
            Pointer identity,
            byte[] answer,
            SizeT answerLen,
            long nowMs,
            Accepted accepted,
            PointerByReference error);

    void provkey_request_free(Pointer request);

    void provkey_identity_free(Pointer identity);

    // The authority.
    int provkey_store_memory(PointerByReference store, PointerByReference error);

    void provkey_store_free(Pointer store);

    int provkey_keyring_generate(
            Pointer random, PointerByReference keyring, PointerByReference error);

    void provkey_keyring_free(Pointer keyring);

    int provkey_authority_create(
            Environment environment,
            Pointer keyring,
            NewAuthority newAuthority,
            PointerByReference authority,
            PointerByReference error);

    void provkey_authority_free(Pointer authority);

    int provkey_authority_create_group(
            Pointer authority, String name, PointerByReference group, PointerByReference error);

    void provkey_connector_group_free(Pointer group);

    int provkey_authority_create_certificate(
            Pointer authority,
            NewCertificate newCertificate,
            PointerByReference certificate,
            PointerByReference error);

    void provkey_enrollment_certificate_free(Pointer certificate);

    int provkey_authority_create_key(
            Pointer authority, NewKey newKey, PointerByReference key, PointerByReference error);

    void provkey_key_details_free(Pointer key);

    int provkey_authority_copy_key(
            Pointer authority, String id, PointerByReference text, PointerByReference error);

    int provkey_authority_enroll(
            Pointer authority,
            EnrollRequest request,
            PointerByReference enrolled,
            PointerByReference error);

    void provkey_enrolled_free(Pointer enrolled);

    /** {@code size_t}. */
    class SizeT extends IntegerType {
        public SizeT() {
            this(0);
        }

        public SizeT(long value) {
            super(Native.SIZE_T_SIZE, value, true);
        }
    }

    /** A struct that the library hands out. Only the fields of the oldest library are read. */
    abstract class Given extends Structure {
        public int kind;
        public int size;

        Given(Pointer given) {
            super(given);
            setStringEncoding("UTF-8");
            read();
        }
    }

    /** A struct that the caller fills in. Fields that are not set are 0. */
    abstract class Filled extends Structure {
        public SizeT struct_size;

        Filled() {
            setStringEncoding("UTF-8");
            struct_size = new SizeT(size());
        }
    }

    @FieldOrder({
        "kind", "size", "status", "retryable", "outcome_unknown", "code", "message", "positions",
        "positions_len", "shown", "marks", "missing", "extra", "repairable"
    })
    class Error extends Given {
        public int status;
        public byte retryable;
        public byte outcome_unknown;
        public String code;
        public String message;
        public Pointer positions;
        public SizeT positions_len;
        public String shown;
        public String marks;
        public SizeT missing;
        public SizeT extra;
        public byte repairable;

        Error(Pointer given) {
            super(given);
        }
    }

    @FieldOrder({"kind", "size", "data", "len"})
    class Bytes extends Given {
        public Pointer data;
        public SizeT len;

        Bytes(Pointer given) {
            super(given);
        }
    }

    /** A struct that begins with an id: a group, an enrollment certificate, a provisioning key. */
    @FieldOrder({"kind", "size", "id"})
    class Named extends Given {
        public String id;

        Named(Pointer given) {
            super(given);
        }
    }

    @FieldOrder({"kind", "size", "host", "id", "public_text"})
    class ProvisioningKey extends Given {
        public String host;
        public String id;
        public String public_text;

        ProvisioningKey(Pointer given) {
            super(given);
        }
    }

    @FieldOrder({"kind", "size", "der", "der_len", "pem"})
    class Request extends Given {
        public Pointer der;
        public SizeT der_len;
        public String pem;

        Request(Pointer given) {
            super(given);
        }
    }

    @FieldOrder({"kind", "size", "connector", "key", "group", "certificate", "serial", "chain_pem"})
    class Enrolled extends Given {
        public String connector;
        public String key;
        public String group;
        public String certificate;
        public String serial;
        public String chain_pem;

        Enrolled(Pointer given) {
            super(given);
        }
    }

    @FieldOrder({"now_ms", "clock_behind_ms", "not_before_ms", "not_after_ms"})
    class Accepted extends Structure {
        public long now_ms;
        public long clock_behind_ms;
        public long not_before_ms;
        public long not_after_ms;
    }

    @FieldOrder({"struct_size", "store", "clock", "random", "observer"})
    class Environment extends Filled {
        public Pointer store;
        public Pointer clock;
        public Pointer random;
        public Pointer observer;
    }

    @FieldOrder({"struct_size", "host", "trust_domain", "validity_seconds", "algorithm"})
    class NewAuthority extends Filled {
        public String host;
        public String trust_domain;
        public long validity_seconds;
        public int algorithm;
    }

    @FieldOrder({
        "struct_size", "name", "signer", "validity_seconds", "leaf_validity_seconds",
        "renewal_grace_seconds", "crl_validity_seconds", "crl_url", "ocsp_url", "ca_issuers_url",
        "algorithm"
    })
    class NewCertificate extends Filled {
        public String name;
        public Pointer signer;
        public long validity_seconds;
        public long leaf_validity_seconds;
        public long renewal_grace_seconds;
        public long crl_validity_seconds;
        public String crl_url;
        public String ocsp_url;
        public String ca_issuers_url;
        public int algorithm;
    }

    @FieldOrder({
        "struct_size", "name", "group", "certificate", "max_uses", "host", "expires_at_ms",
        "allowed_addresses", "allowed_addresses_len", "disabled", "proof_only"
    })
    class NewKey extends Filled {
        public String name;
        public String group;
        public String certificate;
        public long max_uses;
        public String host;
        public long expires_at_ms;
        public Pointer allowed_addresses;
        public SizeT allowed_addresses_len;
        public byte disabled;
        public byte proof_only;
    }

    @FieldOrder({
        "struct_size", "csr", "csr_len", "key_text", "key_text_len", "fingerprint", "address"
    })
    class EnrollRequest extends Filled {
        public String csr;
        public SizeT csr_len;
        public String key_text;
        public SizeT key_text_len;
        public Pointer fingerprint;
        public String address;
    }
}
