package dev.fathom.nn;

import dev.fathom.op.Checks;
import dev.fathom.parameter.Variable;
import dev.fathom.store.Store;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * l1 sum |w| + l2 sum w^2 over parameters, which is added to a loss so that weights stay small, or become 0 (Tikhonov
 * 1943; Tibshirani 1996; Zou and Hastie 2005). It holds for all parameters of what is trained, unless {@link #on} and
 * {@link #except} choose some by their names, in which * stands for anything:
 *
 * <pre>{@code
 * Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f)).penalties(Penalty.l2(1e-4f).except("*.bias", "4.*"))
 * loss.add(Penalty.l1(1e-3f).on("0.weight").of(model))
 * }</pre>
 *
 * <p>Its gradient is l1 sign(w) + 2 l2 w, with sign(0) = 0. It goes through an optimizer's moments and clipping as that
 * of the loss does. The weight decay d of {@code Sgd} has the gradient of {@code halfL2(d)}; the decay of {@code AdamW}
 * is another method.
 *
 * @param l1 the factor of the sum of absolute values
 * @param l2 the factor of the sum of squares
 * @param on patterns of the names of the parameters
 * @param except patterns of the names of those that do not count
 */
public record Penalty(float l1, float l2, List<String> on, List<String> except) {
    /**
     * Checks the factors.
     *
     * @throws IllegalArgumentException if a factor is negative or not finite
     */
    public Penalty {
        Checks.notNegative("penalty", "l1", l1);
        Checks.notNegative("penalty", "l2", l2);
        on = List.copyOf(on);
        except = List.copyOf(except);
    }

    private static Penalty of(float l1, float l2) {
        return new Penalty(l1, l2, List.of("*"), List.of());
    }

    /**
     * Returns lambda sum |w|, the penalty of the lasso.
     *
     * @throws IllegalArgumentException if lambda is negative or not finite
     */
    public static Penalty l1(float lambda) {
        return of(lambda, 0);
    }

    /**
     * Returns lambda sum w^2, the penalty of ridge regression without a half.
     *
     * @throws IllegalArgumentException if lambda is negative or not finite
     */
    public static Penalty l2(float lambda) {
        return of(0, lambda);
    }

    /**
     * Returns lambda / 2 sum w^2, whose gradient is lambda w, as that of weight decay.
     *
     * @throws IllegalArgumentException if lambda is negative or not finite
     */
    public static Penalty halfL2(float lambda) {
        return of(0, lambda / 2);
    }

    /**
     * Returns l1 sum |w| + l2 sum w^2, the elastic net.
     *
     * @throws IllegalArgumentException if a factor is negative or not finite
     */
    public static Penalty elastic(float l1, float l2) {
        return of(l1, l2);
    }

    /** Returns this penalty on the parameters whose names match one of the patterns. */
    public Penalty on(String... patterns) {
        return Records.with(this, "on", List.of(patterns));
    }

    /**
     * Returns this penalty without the parameters whose names match one of the patterns, such as biases and the output
     * layer.
     */
    public Penalty except(String... patterns) {
        return Records.with(this, "except", List.of(patterns));
    }

    /**
     * Computes the penalty as a scalar tensor of the current pass.
     *
     * @throws IllegalArgumentException if a pattern matches none of the parameters, or no parameter is left
     */
    public Tensor of(Trainable trained) {
        Store store = StoreRange.store(trained.range());
        List<String> names = IntStream.range(
                        trained.range().from(), trained.range().to())
                .mapToObj(store::name)
                .toList();
        List<String> patterns = new ArrayList<>(on);
        patterns.addAll(except);
        for (String pattern : patterns) {
            if (!pattern.equals("*") && names.stream().noneMatch(name -> Trainable.matches(pattern, name))) {
                throw new IllegalArgumentException("penalty: the pattern " + pattern + " matches none of " + names);
            }
        }
        Tensor sum = null;
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            if (on.stream().anyMatch(p -> Trainable.matches(p, name))
                    && except.stream().noneMatch(p -> Trainable.matches(p, name))) {
                Variable parameter = store.<Variable>cells().get(trained.range().from() + i);
                Tensor term = term(parameter.value());
                sum = sum == null ? term : sum.add(term);
            }
        }
        if (sum == null) {
            throw new IllegalArgumentException("penalty: on " + on + " except " + except + " leaves none of " + names
                    + "; name parameters that it holds for");
        }
        return sum;
    }

    private Tensor term(Tensor w) {
        Tensor absolute = w.norm1().mul(l1);
        Tensor squares = w.square().sum().mul(l2);
        return l2 == 0 ? absolute : l1 == 0 ? squares : absolute.add(squares);
    }

    /**
     * Returns lambda times the mean over examples of sum |h|, for activations h [n, ..]: what keeps the hidden units of
     * a sparse auto-encoder near 0.
     *
     * @throws IllegalArgumentException if lambda is negative or not finite, or h has no example
     */
    public static Tensor activity(Tensor h, float lambda) {
        Checks.notNegative("activity", "lambda", lambda);
        if (h.size() == 0 || h.shape().rank() == 0) {
            throw new IllegalArgumentException("activity: activations " + h.shape() + " have no example; give [n, ..]");
        }
        return h.norm1().mul(lambda / h.dim(0));
    }

    /**
     * Returns the sum over units of KL(rho || r) = rho log(rho / r) + (1 - rho) log((1 - rho) / (1 - r)), where r is
     * the mean of a unit's activations h [.., units] in [0, 1], such as those of a sigmoid: what lets each unit be on
     * for a part rho of the examples (Ng 2011, who multiplies it by beta). A logarithm is at least -100, so that a unit
     * that is never on has a finite gradient.
     *
     * @throws IllegalArgumentException if rho is not between 0 and 1, an activation is outside [0, 1], or h has no
     *     example
     */
    public static Tensor sparsity(Tensor h, float rho) {
        Checks.in("sparsity", "rho", rho, "(0, 1)");
        if (h.size() == 0 || h.shape().rank() < 2) {
            throw new IllegalArgumentException(
                    "sparsity: activations " + h.shape() + " have no examples of units; give [.., units]");
        }
        Domain.SHARES.checkOutput("sparsity", "activation", h);
        Tensor r = h.mean(IntStream.range(0, h.shape().rank() - 1).toArray());
        Tensor cross = Formula.log(r).mul(rho).add(Formula.log(r.rsub(1)).mul(1 - rho));
        double entropy = rho * Math.log(rho) + (1 - rho) * Math.log(1 - rho);
        return cross.rsub((float) entropy).sum();
    }
}
