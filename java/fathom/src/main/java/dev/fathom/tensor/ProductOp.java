package dev.fathom.tensor;

import org.jspecify.annotations.Nullable;

/** An op of x with weights W [n, ..] that ends in act((sum + b) + residual). Inputs: x, W, and optionally b [n] and the residual. */
interface ProductOp extends Epilogue {
    /** Puts a scale and a shift of each channel into W and b. */
    @Override
    default @Nullable Folded fold(Op user, Inputs own, Inputs users) {
        Tensor weight = own.constant(1);
        Tensor b = own.constant(bias());
        boolean open = activation() == null && !own.has(residual()) && (b != null || !own.has(bias()));
        return open && weight != null && user instanceof NormOp norm ? norm.fold(this, weight, b, users) : null;
    }
}
