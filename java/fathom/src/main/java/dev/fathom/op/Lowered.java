package dev.fathom.op;

import dev.fathom.kernel.Kernel;

/** The base of a {@link Call} that another package of the library writes down instead of running. */
public abstract class Lowered extends Call {
    /** For the plan package. */
    protected Lowered() {}

    /** Refuses the address of values of type {@code dtype} where the kernel's argument word {@code i} takes others. */
    protected final void checkType(Kernel kernel, int i, DType dtype) {
        String refusal = refusal(kernel, i, dtype);
        if (refusal != null) {
            throw fail(refusal);
        }
    }
}
