import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;

/** Why a call failed. It holds no secret. */
public class ProvkeyException extends Exception {
    /** The stable code, such as {@code key_exhausted}. */
    public final String code;

    /** Whether the same call may succeed later by itself. */
    public final boolean retryable;

    /** The key text without its secret, and a line that marks the wrong characters; or null. */
    public final String shown;

    public final String marks;

    private ProvkeyException(LibProvkey.Error error) {
        super(error.message);
        code = error.code;
        retryable = error.retryable != 0;
        shown = error.shown;
        marks = error.marks;
    }

    /** A call whose last arguments are its output and its error. */
    interface Call {
        int to(PointerByReference result, PointerByReference error);
    }

    /** Runs a call, and returns its output. */
    static Pointer call(Call call) throws ProvkeyException {
        PointerByReference result = new PointerByReference();
        PointerByReference error = new PointerByReference();
        if (call.to(result, error) == 0) {
            return result.getValue();
        }
        try {
            throw new ProvkeyException(new LibProvkey.Error(error.getValue()));
        } finally {
            LibProvkey.PROVKEY.provkey_error_free(error.getValue());
        }
    }
}
