import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;

/** A call that did not do what it was called for, and why. It holds no secret. */
public class ProvkeyException extends Exception {
    /** The stable code, such as {@code key_exhausted}. */
    public final String code;

    /** Whether the same call may succeed later without anybody doing anything. */
    public final boolean retryable;

    /** The key text that was read, its secret covered, and a line that marks where it is wrong; or null. */
    public final String shown;

    public final String marks;

    private ProvkeyException(LibProvkey.Error error) {
        super(error.message);
        code = error.code;
        retryable = error.retryable != 0;
        shown = error.shown;
        marks = error.marks;
    }

    /** A call whose last arguments are where its result and its error go. */
    interface Call {
        int to(PointerByReference result, PointerByReference error);
    }

    /** Does a call, and gives its result. */
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
