package dev.fathom.tensor;

/** Who shall receive gradients: a model, a part of one, a parameter, a watched tensor. */
public interface Target {
    /** Whether {@code leaf}, a parameter's value or a watched tensor, is one of them. */
    boolean wants(Tensor leaf);
}
