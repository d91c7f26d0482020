package dev.fathom.labs.catalogue;

import dev.fathom.nn.Penalty;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;

/** The page of penalties and constraints. */
final class Penalties {
    private Penalties() {}

    static CataloguePage family() {
        return new CataloguePage(
                "penalties",
                "Penalties and constraints",
                "A penalty is added to a loss. Penalties of weights hold for all parameters, or for those that "
                        + "`on` and `except` choose by their names, "
                        + "such as `Penalty.l2(1e-4f).except(\"*.bias\")`; `trainer.penalties(...)` adds them to "
                        + "each step. A penalty of activations is "
                        + "added inside a loss. Constraints belong to a group of an optimizer and hold after each "
                        + "of its steps. Layers that regularize, "
                        + "such as dropout and noise, are on the [page of layers](layers.md). The pictures show "
                        + "one weight or one mean activation.",
                "var",
                "try (Pass pass = Pass.infer()) {\n  Tensor h = Tensor.full(Shape.of(4, 3), 0.2f);\n",
                "  System.out.println(activity.item() + \" \" + sparsity.item());\n}\n",
                List.of(
                        weights("L1", "Penalty.l1(1e-3f)", w -> w.abs(), "λ Σ \\|w\\|", "λ ≥ 0", "Tibshirani 1996"),
                        weights(
                                "L2",
                                "Penalty.l2(1e-3f)",
                                w -> w.square(),
                                "λ Σ w²",
                                "λ ≥ 0",
                                "Hoerl and Kennard 1970; Tikhonov 1963"),
                        weights(
                                "L2 by half",
                                "Penalty.halfL2(1e-3f)",
                                w -> w.square().mul(0.5f),
                                "λ / 2 Σ w², whose gradient is that of weight decay",
                                "λ ≥ 0",
                                "Krogh and Hertz 1992"),
                        weights(
                                "Elastic net",
                                "Penalty.elastic(1e-3f, 1e-3f)",
                                w -> w.abs().add(w.square()),
                                "λ₁ Σ \\|w\\| + λ₂ Σ w²",
                                "λ₁, λ₂ ≥ 0",
                                "Zou and Hastie 2005"),
                        new CatalogueEntry(
                                "Activity",
                                "Penalty.activity(h, 0.1f)",
                                "λ Σ \\|h\\|, the mean over examples",
                                "λ ≥ 0",
                                "Olshausen and Field 1996"),
                        new CatalogueEntry(
                                "Sparsity",
                                "Penalty.sparsity(h, 0.05f)",
                                "Σ over units of KL(ρ ‖ mean activation)",
                                "ρ in (0, 1), h in [0, 1]",
                                "Ng 2011",
                                sparsity()),
                        new CatalogueEntry(
                                "Gradient penalty",
                                "GradientPenalty.twoSided(10)",
                                "λ (‖∂D/∂x‖ - 1)² between real and generated examples",
                                "λ ≥ 0",
                                "Gulrajani et al. 2017"),
                        new CatalogueEntry(
                                "One-sided gradient penalty",
                                "GradientPenalty.oneSided(10)",
                                "λ max(0, ‖∂D/∂x‖ - 1)²",
                                "λ ≥ 0",
                                "Petzka et al. 2018"),
                        new CatalogueEntry(
                                "R1",
                                "GradientPenalty.r1(10)",
                                "γ / 2 ‖∂D/∂x‖² at real examples",
                                "γ ≥ 0",
                                "Mescheder et al. 2018"),
                        new CatalogueEntry(
                                "Weight decay of a group",
                                "Group.of(\"*.weight\").weightDecay(1e-4f)",
                                "the decay of the optimizer for these parameters alone",
                                "≥ 0",
                                "Loshchilov and Hutter 2019"),
                        new CatalogueEntry(
                                "Max-norm",
                                "Group.of(\"*.weight\").maxNorm(3)",
                                "w ← w c / max(c, ‖w‖) for the weights w into each unit",
                                "c > 0",
                                "Srebro and Shraibman 2005; Srivastava et al. 2014"),
                        new CatalogueEntry(
                                "Clipped weights",
                                "Group.of(\"*\").clipWeights(0.01f)",
                                "w ← min(max(w, -c), c)",
                                "c > 0",
                                "Arjovsky et al. 2017")));
    }

    /** Over one weight, with lambda 1. */
    private static CatalogueEntry weights(
            String name, String code, UnaryOperator<Tensor> term, String formula, String range, String source) {
        return new CatalogueEntry(name, code, formula, range, source, Curve.of(name, "w", 2, term));
    }

    /** Over the mean activation of one unit. */
    private static Curve sparsity() {
        return Curve.of("Sparsity, ρ = 0.05", "activation", 0.01, 0.6, h -> {
            Tensor[] terms = new Tensor[h.dim(0)];
            for (int i = 0; i < terms.length; i++) {
                terms[i] = Penalty.sparsity(h.slice(0, i, i + 1).reshape(1, 1), 0.05f);
            }
            return Tensor.stack(0, terms);
        });
    }
}
