package dev.fathom.tensor;

/** A target of backward, which receives gradients: a model, a part of one, a parameter, or a watched tensor. */
public interface Target {
    /** Returns whether {@code leaf}, a parameter's value or a watched tensor, belongs to this target. */
    boolean wants(Tensor leaf);
}
