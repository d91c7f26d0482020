package dev.fathom.nn;

import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import java.util.List;
import java.util.function.BinaryOperator;

/**
 * A loss that is a formula of its values.
 *
 * @param name in messages
 * @param targets what its targets must be
 * @param values of the output and of what {@code targets} makes of the target
 * @param outputs what it takes outputs for
 * @param settings the numbers that the formula was made with, which tell two of one name apart
 */
record Formula(String name, Targets targets, BinaryOperator<Tensor> values, Outputs outputs, List<Object> settings)
        implements ReducedLoss {
    Formula(String name, Targets targets, BinaryOperator<Tensor> values) {
        this(name, targets, values, Outputs.NUMBERS, List.of());
    }

    /** A loss with a value for each element. */
    Formula(String name, Domain domain, BinaryOperator<Tensor> values) {
        this(name, Targets.elements(domain), values);
    }

    Formula takes(Outputs these) {
        return Records.with(this, "outputs", these);
    }

    Formula with(Object... numbers) {
        return Records.with(this, "settings", List.of(numbers));
    }

    @Override
    public Tensor each(Tensor output, Tensor target) {
        return values.apply(output, targets.of(name, output, target));
    }

    // ---- what several formulas are made of

    /** log p, at least -100, with the slope 1 / max(p, 1e-12). */
    static Tensor log(Tensor p) {
        Tensor fixed = p.detach();
        Tensor rise = p.sub(fixed).div(fixed.clamp(1e-12f, 1));
        return rise.add(fixed.log().clamp(-100, 0));
    }

    /** sum t (log t - log q) over the last dimension, where 0 log 0 is 0. */
    static Tensor kl(Tensor t, Tensor logQ) {
        Tensor asked = t.ne(0).where(logQ, Tensor.scalar(0));
        return t.mul(t.clamp(Float.MIN_NORMAL, 1).log().sub(asked)).sum(-1);
    }

    /** log t! by Stirling's formula where t is above 1, else 0. */
    static Tensor stirling(Tensor t) {
        Tensor n = t.clamp(1, Float.POSITIVE_INFINITY);
        Tensor log = n.log();
        Tensor sum = n.mul(log).sub(n).add(log.mul(0.5f)).add((float) (Math.log(2 * Math.PI) / 2));
        return t.gt(1).where(sum, Tensor.scalar(0));
    }

    /** Rows of length 1; one shorter than 1e-8 stays shorter. */
    static Tensor unit(Tensor rows) {
        return rows.div(rows.norm(-1).unsqueeze(-1).clamp(1e-8f, Float.POSITIVE_INFINITY));
    }

    /** One embedding of each pair [.., 2, d]. */
    static Tensor one(Tensor pairs, int which) {
        return pairs.slice(-2, which, which + 1).squeeze(-2);
    }
}
