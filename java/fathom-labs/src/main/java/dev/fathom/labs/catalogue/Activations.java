package dev.fathom.labs.catalogue;

import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;

/** The page of activation functions. */
final class Activations {
    private static final double REACH = 4;

    private Activations() {}

    static CataloguePage family() {
        return new CataloguePage(
                "activations",
                "Activations",
                "An activation is applied to each element of a tensor. Each is a row of `native/src/unary.def`, "
                        + "of which the kernels of all instruction "
                        + "sets are made, and runs alone or fused behind a linear layer or a convolution. "
                        + "Derivatives are those that backward computes.",
                "Tensor",
                "try (Pass pass = Pass.infer()) {\n  Tensor x = Tensor.of(new float[] {-1, 0, 1}, 3);\n",
                "  System.out.println(softsign);\n}\n",
                entries());
    }

    private static CatalogueEntry row(
            String name, String code, UnaryOperator<Tensor> f, String formula, String range, String source) {
        return new CatalogueEntry(name, code, formula, range, source, Curve.of(name, "x", REACH, f));
    }

    private static List<CatalogueEntry> entries() {
        return List.of(
                row("ReLU", "x.relu()", Tensor::relu, "max(x, 0)", "[0, ∞)", "Nair and Hinton 2010"),
                row(
                        "Leaky ReLU",
                        "x.leakyRelu(0.1f)",
                        x -> x.leakyRelu(0.1f),
                        "x for x > 0, else slope · x",
                        "(-∞, ∞)",
                        "Maas et al. 2013"),
                row("ReLU6", "x.relu6()", Tensor::relu6, "min(max(x, 0), 6)", "[0, 6]", "Krizhevsky 2010"),
                row("ELU", "x.elu(1)", x -> x.elu(1), "x for x > 0, else α (eˣ - 1)", "(-α, ∞)", "Clevert et al. 2015"),
                row(
                        "CELU",
                        "x.celu(0.5f)",
                        x -> x.celu(0.5f),
                        "x for x > 0, else α (exp(x / α) - 1)",
                        "(-α, ∞)",
                        "Barron 2017"),
                row(
                        "SELU",
                        "x.selu()",
                        Tensor::selu,
                        "1.0507 x for x > 0, else 1.0507 · 1.67326 (eˣ - 1)",
                        "(-1.7581, ∞)",
                        "Klambauer et al. 2017"),
                row("Sigmoid", "x.sigmoid()", Tensor::sigmoid, "1 / (1 + e⁻ˣ)", "(0, 1)", "Verhulst 1845"),
                row(
                        "Hard sigmoid",
                        "x.hardSigmoid()",
                        Tensor::hardSigmoid,
                        "min(max(x + 3, 0), 6) / 6",
                        "[0, 1]",
                        "Howard et al. 2019"),
                row("Tanh", "x.tanh()", Tensor::tanh, "(eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)", "(-1, 1)", "LeCun et al. 1998"),
                row("Hard tanh", "x.hardTanh()", Tensor::hardTanh, "min(max(x, -1), 1)", "[-1, 1]", "Collobert 2004"),
                row(
                        "Softsign",
                        "x.softsign()",
                        Tensor::softsign,
                        "x / (1 + \\|x\\|)",
                        "(-1, 1)",
                        "Bergstra et al. 2009"),
                row("Softplus", "x.softplus()", Tensor::softplus, "log(1 + eˣ)", "(0, ∞)", "Dugas et al. 2000"),
                row(
                        "Softplus with beta",
                        "x.softplus(3)",
                        x -> x.softplus(3),
                        "log(1 + exp(β x)) / β",
                        "(0, ∞)",
                        "Dugas et al. 2000"),
                row("GELU", "x.gelu()", Tensor::gelu, "x Φ(x)", "[-0.17, ∞)", "Hendrycks and Gimpel 2016"),
                row(
                        "GELU by tanh",
                        "x.geluTanh()",
                        Tensor::geluTanh,
                        "x (1 + tanh(√(2 / π) (x + 0.044715 x³))) / 2",
                        "[-0.17, ∞)",
                        "Hendrycks and Gimpel 2016"),
                row(
                        "Quick GELU",
                        "x.swish(1.702f)",
                        x -> x.swish(1.702f),
                        "x / (1 + exp(-1.702 x))",
                        "[-0.16, ∞)",
                        "Hendrycks and Gimpel 2016"),
                row(
                        "SiLU, swish",
                        "x.silu()",
                        Tensor::silu,
                        "x / (1 + e⁻ˣ)",
                        "[-0.28, ∞)",
                        "Hendrycks and Gimpel 2016; Ramachandran et al. 2017"),
                row(
                        "Hard swish",
                        "x.hardSwish()",
                        Tensor::hardSwish,
                        "x min(max(x + 3, 0), 6) / 6",
                        "[-0.375, ∞)",
                        "Howard et al. 2019"),
                row("Mish", "x.mish()", Tensor::mish, "x tanh(log(1 + eˣ))", "[-0.31, ∞)", "Misra 2019"),
                row("Step", "x.step()", Tensor::step, "1 for x > 0, else 0; no gradient", "{0, 1}", "Rosenblatt 1958"),
                row(
                        "Straight-through step",
                        "x.straightThrough(1)",
                        x -> x.straightThrough(1),
                        "1 for x > 0, else 0; the gradient of x where \\|x\\| ≤ limit",
                        "{0, 1}",
                        "Bengio et al. 2013"));
    }
}
