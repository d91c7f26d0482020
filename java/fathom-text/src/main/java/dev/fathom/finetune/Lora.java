package dev.fathom.finetune;

import static java.util.Objects.requireNonNull;

import dev.fathom.nn.Init;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Update;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Low-rank adaptation (Hu et al. 2022): in place of a matrix W [out, in] of a model two small ones are trained, A
 * [rank, in] and B [out, rank], and the model computes with
 *
 * <pre>
 * W + alpha / rank B A
 * </pre>
 *
 * <p>while W and all else stay as they were. B begins with zeros, so that the model begins as it was, and A as
 * PyTorch's linear layers do, as in peft. The matrices A and B are a model of their own, which an optimizer or a
 * trainer trains:
 *
 * <pre>{@code
 * try (Lora lora = Lora.of(tuning.model(), 8, 16, 1);
 *         var optimizer = new AdamW(1e-3f).on(lora.model())) {
 *     for (...) {
 *         try (Pass pass = Pass.train(rng)) {
 *             pass.backward(lora.loss(() -> tuning.logits(texts).crossEntropy(labels)));
 *             optimizer.step();
 *         }
 *     }
 *     lora.merge();
 *     tuning.save(Path.of("tuned"));   // a plain folder
 * }
 *
 * Trainer.custom(lora.model(), new AdamW(1e-3f), (factors, batch) ->
 *     new Step.Result(lora.loss(factors, () -> ...)));
 * }</pre>
 *
 * <p>The model's own matrices always hold the sum, so that any net can be adapted as it is, also one that makes
 * queries, keys and values by one matrix, and runs as fast as before. In return the gradient of each whole matrix is
 * computed, and the gradients of A and B from it, so that a step saves the memory of an optimizer but little time. A
 * copy of each adapted matrix is kept until {@link #close}. One thread at a time may use it.
 */
public final class Lora implements AutoCloseable {
    private static final String FUSED = "in_proj_weight";
    private static final List<String> PARTS = List.of("q_proj.weight", "k_proj.weight", "v_proj.weight");

    /**
     * A and B of one matrix.
     *
     * @param a A, [rank, in]
     * @param b B, [out, rank]
     */
    public record Pair(Parameter a, Parameter b) implements Net {}

    /**
     * What is trained.
     *
     * @param matrices A and B by the names of the matrices
     * @param whole what is trained as a whole, such as a new head, by the names of the parameters
     */
    public record Factors(Map<String, Pair> matrices, Map<String, Parameter> whole) implements Net {}

    /** A parameter of the adapted model, what it was before, and the names of what is added to parts of its rows. */
    private record Adapted(Parameter parameter, @Nullable KeptTensor before, List<String> parts) {}

    private final List<Adapted> adapted;
    private final Parameter[] targets;
    private final float scale;
    private final Model<Factors> model;
    private final Model<?> base;
    private final BoundOptimizer writer;
    private @Nullable Factors merged;
    private long mergedVersion;

    private Lora(List<Adapted> adapted, float scale, Model<?> base, Model<Factors> model) {
        this.adapted = adapted;
        this.scale = scale;
        this.base = base;
        this.model = model;
        targets = adapted.stream().map(Adapted::parameter).toArray(Parameter[]::new);
        writer = new Writer(this).on(base);
    }

    /**
     * Adapts the matrices that make queries and values, as the paper does, and trains a head as a whole where the model
     * is a {@link dev.fathom.pretrained.Headed}.
     *
     * @param seed of the matrices A
     * @throws IllegalArgumentException if the rank is below 1, alpha is not above 0 and finite, or the model has no
     *     such matrices
     */
    public static Lora of(Model<?> model, int rank, float alpha, long seed) {
        boolean head = model.parameters().stream().anyMatch(p -> p.name().startsWith("head."));
        return of(
                model,
                rank,
                alpha,
                seed,
                List.of("*.q_proj.weight", "*.v_proj.weight"),
                head ? List.of("head.*") : List.of());
    }

    /**
     * Adapts the matrices whose names fit a pattern, in which * stands for anything. One matrix for queries, keys and
     * values, {@code in_proj_weight}, also fits as {@code q_proj.weight}, {@code k_proj.weight} and
     * {@code v_proj.weight}, which then have an A and a B each; as a whole it has one of each, as the {@code c_attn} of
     * GPT-2 has in peft.
     *
     * @param matrices patterns of what gets an A and a B; parameters that are no matrices are left out
     * @param whole patterns of what is trained as a whole, such as {@code head.*}
     * @throws IllegalArgumentException if the rank is below 1, alpha is not above 0 and finite, a pattern fits nothing,
     *     or a parameter fits patterns of both kinds
     */
    public static Lora of(Model<?> model, int rank, float alpha, long seed, List<String> matrices, List<String> whole) {
        Checks.atLeast("Lora", "rank", rank, 1);
        Checks.positive("Lora", "alpha", alpha);
        Map<String, Pair> pairs = new LinkedHashMap<>();
        Map<String, Parameter> others = new LinkedHashMap<>();
        Map<Parameter, List<String>> found = new LinkedHashMap<>();
        Patterns low = new Patterns(matrices);
        Patterns full = new Patterns(whole);
        for (Parameter p : model.parameters()) {
            List<String> names = low.fitting(p);
            if (full.fits(p.name())) {
                if (!names.isEmpty()) {
                    throw new IllegalArgumentException("Lora: " + p.name() + " fits " + matrices + " and " + whole
                            + "; adapt it by a low rank or as a whole");
                }
                others.put(
                        p.name(),
                        new Parameter(p.shape(), (shape, rng) -> p.value().toArray()));
                found.put(p, List.of());
            } else if (!names.isEmpty()) {
                int out = p.shape().dim(0) / (names.get(0).equals(p.name()) ? 1 : PARTS.size());
                for (String name : names) {
                    pairs.put(
                            name,
                            new Pair(
                                    new Parameter(Shape.of(rank, p.shape().dim(1)), Init.torch()),
                                    new Parameter(Shape.of(out, rank), Init.zeros())));
                }
                found.put(p, names);
            }
        }
        low.mustFit(model, "matrices");
        full.mustFit(model, "parameters");
        Model<Factors> factors = Model.of(new Factors(pairs, others), seed);
        List<Adapted> adapted = new ArrayList<>();
        found.forEach((p, names) ->
                adapted.add(new Adapted(p, names.isEmpty() ? null : p.value().keep(), names)));
        return new Lora(adapted, alpha / rank, model, factors);
    }

    /** Patterns of names, of which each must fit something. */
    private static final class Patterns {
        private final List<String> all;
        private final Set<String> used = new HashSet<>();

        Patterns(List<String> all) {
            this.all = all;
        }

        boolean fits(String name) {
            boolean fits = false;
            for (String pattern : all) {
                if (Pattern.matches("\\Q" + pattern.replace("*", "\\E.*\\Q") + "\\E", name)) {
                    used.add(pattern);
                    fits = true;
                }
            }
            return fits;
        }

        /** The name of a matrix, or those of its parts that fit. */
        List<String> fitting(Parameter p) {
            if (p.shape().rank() != 2) {
                return List.of();
            }
            if (fits(p.name())) {
                return List.of(p.name());
            }
            return parts(p.name()).stream().filter(this::fits).toList();
        }

        void mustFit(Model<?> model, String what) {
            List<String> idle =
                    all.stream().filter(pattern -> !used.contains(pattern)).toList();
            if (!idle.isEmpty()) {
                throw new IllegalArgumentException("Lora: " + idle + " fit none of the " + what + " "
                        + model.parameters().stream()
                                .filter(p ->
                                        what.equals("parameters") || p.shape().rank() == 2)
                                .map(Parameter::name)
                                .toList());
            }
        }
    }

    /** The names of the three parts of the rows of a fused matrix. */
    private static List<String> parts(String name) {
        return name.endsWith(FUSED)
                ? PARTS.stream()
                        .map(part -> name.substring(0, name.length() - FUSED.length()) + part)
                        .toList()
                : List.of();
    }

    /** Returns what is trained, for an optimizer or a trainer. */
    public Model<Factors> model() {
        return model;
    }

    /** Computes a loss of the adapted model as {@link #loss(Factors, Supplier)} does, for {@link #model}. */
    public Tensor loss(Supplier<Tensor> loss) {
        return loss(model.net(), loss);
    }

    /**
     * Computes a loss of the adapted model in the current pass. Its gradient flows to A, B and what is trained as a
     * whole, and to nothing else. The gradients of the adapted model itself are cleared.
     *
     * @param factors those of {@link #model}, or of a copy of it that a trainer makes
     * @param loss computes a scalar by the adapted model
     */
    public Tensor loss(Factors factors, Supplier<Tensor> loss) {
        merge(factors);
        Tensor value = loss.get();
        Pass pass = Pass.current();
        if (!pass.recording()) {
            return value;
        }
        pass.backward(value, targets);
        // a function of the factors, linear in each, whose gradient is that of the loss
        Tensor sum = value.detach();
        for (Adapted each : adapted) {
            Tensor gradient = each.parameter.gradient();
            if (gradient == null) {
                continue;
            }
            Tensor slope = gradient.mul(each.before == null ? 1 : scale); // a copy, which later losses leave as it is
            if (each.before == null) {
                Tensor whole =
                        requireNonNull(factors.whole.get(each.parameter.name())).value();
                sum = sum.add(zero(slope.mul(whole).sum()));
            }
            for (String name : each.parts) {
                Pair pair = requireNonNull(factors.matrices.get(name));
                Tensor rows = rows(each.parameter, name, slope);
                sum = sum.add(zero(rows.matmulTransposed(pair.a.value())
                        .mul(pair.b.value())
                        .sum()));
            }
        }
        base.zeroGrad();
        return sum;
    }

    /** A tensor of the value 0 with the gradient of x. */
    private static Tensor zero(Tensor x) {
        return x.sub(x.detach());
    }

    /** The rows of a parameter's numbers that have this name. */
    private static Tensor rows(Parameter p, String name, Tensor numbers) {
        int part = parts(p.name()).indexOf(name);
        int n = p.shape().dim(0) / PARTS.size();
        return part < 0 ? numbers : numbers.slice(0, part * n, (part + 1) * n);
    }

    /**
     * Writes W + alpha / rank B A into the adapted model, so that it can be frozen, saved and used as it is. A loss
     * does so too, before it is computed.
     */
    public void merge() {
        merge(model.net());
    }

    private void merge(Factors factors) {
        long version = 0;
        for (Pair pair : factors.matrices.values()) {
            version += pair.a.version() + pair.b.version();
        }
        for (Parameter p : factors.whole.values()) {
            version += p.version();
        }
        if (factors.equals(merged) && version == mergedVersion) {
            return;
        }
        merged = factors;
        mergedVersion = version;
        try (Pass pass = Pass.grad()) { // the writer is a step of an optimizer, for which there must be gradients
            Tensor sum = Tensor.scalar(0);
            for (Parameter p : targets) {
                sum = sum.add(p.value().slice(0, 0, 1).sum());
            }
            pass.backward(sum, targets);
            writer.step();
        }
    }

    /** The numbers of an adapted parameter. */
    private Tensor merged(Adapted each, Factors factors) {
        if (each.before == null) {
            return requireNonNull(factors.whole.get(each.parameter.name())).value();
        }
        List<String> parts = parts(each.parameter.name());
        if (!parts.contains(each.parts.get(0))) {
            return each.before.add(product(each.parts.get(0), factors));
        }
        return Tensor.concat(
                0,
                parts.stream()
                        .map(name -> {
                            Tensor rows = rows(each.parameter, name, each.before);
                            return each.parts.contains(name) ? rows.add(product(name, factors)) : rows;
                        })
                        .toArray(Tensor[]::new));
    }

    private Tensor product(String name, Factors factors) {
        Pair pair = requireNonNull(factors.matrices.get(name));
        return pair.b.value().matmul(pair.a.value()).mul(scale);
    }

    /** What writes the sums into the adapted model. */
    private record Writer(Lora of) implements Optimizer {
        @Override
        public float learningRate() {
            return 1;
        }

        @Override
        public void step(Update update) {
            Factors factors = requireNonNull(of.merged);
            update.each(part -> of.adapted.stream()
                    .filter(each -> each.parameter.name().equals(part.name()))
                    .forEach(each -> part.value(of.merged(each, factors))));
        }
    }

    /** Frees A and B and the copies of the adapted matrices. The adapted model stays as it was merged last. */
    @Override
    public void close() {
        writer.close();
        model.close();
        adapted.forEach(each -> {
            if (each.before != null) {
                each.before.close();
            }
        });
    }
}
