package dev.fathom.bench.torch;

import static dev.fathom.bench.torch.TorchSteps.tensor;

import dev.fathom.bench.Heads;
import dev.fathom.bench.Transformer;
import dev.fathom.bench.Work;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.TransformerEncoderImpl;
import org.bytedeco.pytorch.TransformerEncoderLayerOptions;
import org.bytedeco.pytorch.TransformerEncoderOptions;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Attention and Transformers in PyTorch: its fused attention, attention of its matrix products, or its module of a
 * Transformer.
 */
@SuppressWarnings("try") // scopes are closed, not used
public class TorchTransformers {
    private static final TensorOptional NO_MASK = new TensorOptional();

    /** The fused kernel of the CPU. */
    private static Tensor fused(Tensor q, Tensor k, Tensor v) {
        return fused(q, k, v, NO_MASK);
    }

    private static Tensor fused(Tensor q, Tensor k, Tensor v, TensorOptional mask) {
        return torch.scaled_dot_product_attention(q, k, v, mask, 0, false, new DoubleOptional(), false);
    }

    /** Attention alone, forward and backward from a gradient that is given. */
    @State(Scope.Thread)
    public static class Alone {
        /** Queries, and keys. */
        @Param("128")
        public int length;

        /** Whether tensors are stored as [heads, length, D], and not as [length, heads, D]. */
        @Param("true")
        public boolean headsFirst;

        private Heads heads;
        private Tensor[] qkv;
        private Tensor dy;

        /** Makes the tensors. */
        @Setup(Level.Trial)
        public void setup() {
            heads = new Heads(length);
            qkv = new Tensor[] {stored(heads.q()), stored(heads.k()), stored(heads.v())};
            for (Tensor x : qkv) {
                x.requires_grad_(true);
            }
            dy = stored(heads.dy());
        }

        private Tensor stored(float[] numbers) {
            Tensor x = tensor(numbers, 1, length, Heads.COUNT, Heads.D).transpose(1, 2);
            return headsFirst ? x.contiguous() : x;
        }

        private static float[] plain(Tensor x) {
            float[] numbers = new float[(int) x.numel()];
            x.transpose(1, 2).contiguous().data_ptr_float().get(numbers);
            return numbers;
        }

        private Tensor run() {
            for (Tensor x : qkv) {
                x.mutable_grad().reset();
            }
            Tensor y = fused(qkv[0], qkv[1], qkv[2]);
            y.backward(dy, new BoolOptional(), false, new TensorArrayRefOptional());
            return y;
        }

        /** y and the gradients are those of double precision, and of the other contenders. */
        @TearDown(Level.Trial)
        public void check() {
            try (PointerScope scope = new PointerScope()) {
                Tensor y = run();
                heads.check(plain(y), plain(qkv[0].grad()), plain(qkv[1].grad()), plain(qkv[2].grad()));
            }
            for (Tensor x : qkv) {
                x.mutable_grad().reset();
                x.close();
            }
            dy.close();
        }
    }

    /** Forward and backward. */
    @Benchmark
    public void attention(Alone alone) {
        try (PointerScope scope = new PointerScope()) {
            alone.run();
        }
    }

    /** Cross-entropy, Adam. */
    @State(Scope.Thread)
    public static class Training extends TorchSteps {
        /**
         * {@code fused}, {@code products} (with a softmax between), or {@code module}, which is
         * torch::nn::TransformerEncoder.
         */
        @Param("fused")
        public String attention;

        private final Transformer t = Transformer.of("encoder");
        private final Map<String, Tensor> numbers = new HashMap<>();
        private Tensor x;
        private Tensor y;
        private Stack stack;
        private TransformerEncoderImpl module;
        private Tensor weight;
        private Tensor bias;

        @Override
        protected void make() {
            TensorVector parameters = new TensorVector();
            if (attention.equals("module")) {
                TransformerEncoderLayerOptions layer = new TransformerEncoderLayerOptions(t.width(), t.heads());
                layer.dim_feedforward().put(t.hidden());
                layer.dropout().put(0);
                module = new TransformerEncoderImpl(new TransformerEncoderOptions(layer, t.layers()));
                load(module.named_parameters());
                parameters = module.parameters();
            } else {
                stack = new Stack(t, attention.equals("fused"), true);
                for (Tensor p : stack.parameters) {
                    parameters.push_back(p);
                }
            }
            weight = tensor(t.numbers("dense.weight", t.outputs() * t.width()), t.outputs(), t.width());
            bias = tensor(t.numbers("dense.bias", t.outputs()), t.outputs());
            for (Tensor p : List.of(weight, bias)) {
                p.requires_grad_(true);
                parameters.push_back(p);
            }
            x = tensor(t.x(), t.batch(), t.length(), t.width());
            if (module != null) {
                x = x.transpose(0, 1).contiguous();
            }
            y = tensor(t.labels());
            begin(new Adam(parameters, new AdamOptions(1e-4)), 1, 3);
        }

        private void load(StringTensorDict named) {
            try (PointerScope scope = new PointerScope();
                    NoGradGuard guard = new NoGradGuard()) {
                for (long i = 0; i < named.size(); i++) {
                    Tensor p = named.get(i).value();
                    int n = (int) p.numel();
                    p.copy_(tensor(t.numbers("encoder." + named.get(i).key().getString(), n), n)
                            .view_as(p));
                }
            }
        }

        @Override
        Tensor loss(int i) {
            Tensor mean = module != null
                    ? module.forward(x).mean(0)
                    : stack.forward(x).mean(1);
            return torch.cross_entropy_loss(torch.linear(mean, weight, new TensorOptional(bias)), y);
        }

        @Override
        void close() {
            x.close();
            y.close();
            weight.close();
            bias.close();
            if (module != null) {
                module.close();
            } else {
                stack.close();
            }
        }
    }

    /** One step. */
    @Benchmark
    public void train(Training training) {
        training.step();
    }

    /**
     * The net {@code gpt} writes a sequence, each token the likeliest after those before; caches are written where they
     * lie.
     */
    @State(Scope.Thread)
    public static class Generation {
        /** {@code fused} or {@code products}. */
        @Param("fused")
        public String attention;

        private final Transformer t = Transformer.of("gpt");
        private final float[] y = new float[t.vocabulary()];
        private final Tensor[] keys = new Tensor[t.layers()];
        private final Tensor[] values = new Tensor[t.layers()];
        private Stack stack;

        /** Makes the net and its caches. */
        @Setup(Level.Trial)
        public void setup() {
            stack = new Stack(t, attention.equals("fused"), false);
            stack.make("dense.", t.vocabulary(), t.width());
            stack.put("tokens.weight", t.vocabulary() * t.width(), t.vocabulary(), t.width());
            stack.put("positions.weight", t.length() * t.width(), t.length(), t.width());
            for (int i = 0; i < t.layers(); i++) {
                keys[i] = torch.zeros(1, t.heads(), t.length(), t.width() / t.heads());
                values[i] = torch.zeros(1, t.heads(), t.length(), t.width() / t.heads());
            }
        }

        float[] sequence() {
            int next = 0;
            try (InferenceMode mode = new InferenceMode(true)) {
                for (int i = 0; i < t.length(); i++) {
                    try (PointerScope scope = new PointerScope()) {
                        stack.step(next, i, keys, values).data_ptr_float().get(y);
                    }
                    next = Transformer.likeliest(y);
                }
            }
            return y;
        }

        /** What follows the last token is that of the other contenders. */
        @TearDown(Level.Trial)
        public void check() {
            Work.tell(sequence());
            stack.close();
            for (int i = 0; i < t.layers(); i++) {
                keys[i].close();
                values[i].close();
            }
        }
    }

    /** One sequence. */
    @Benchmark
    public float[] generate(Generation generation) {
        return generation.sequence();
    }

    /** The layers of a Transformer, of PyTorch's operations, in place where that is allowed. */
    static final class Stack {
        final List<Tensor> parameters = new ArrayList<>();
        private final Map<String, TensorOptional> optional = new HashMap<>();
        private final Transformer t;
        private final boolean fused;

        Stack(Transformer t, boolean fused, boolean trained) {
            this.t = t;
            this.fused = fused;
            for (int i = 0; i < t.layers(); i++) {
                String layer = "encoder.layers." + i + ".";
                make(layer + "self_attn.in_proj_", 3 * t.width(), t.width());
                make(layer + "self_attn.out_proj.", t.width(), t.width());
                make(layer + "linear1.", t.hidden(), t.width());
                make(layer + "linear2.", t.width(), t.hidden());
                make(layer + "norm1.", t.width());
                make(layer + "norm2.", t.width());
            }
            if (t.gpt()) {
                make("encoder.norm.", t.width());
            }
            if (trained) {
                parameters.forEach(p -> p.requires_grad_(true));
            }
        }

        void make(String name, int... shape) {
            int n = shape.length == 1 ? shape[0] : shape[0] * shape[1];
            long[] dims = shape.length == 1 ? new long[] {n} : new long[] {shape[0], shape[1]};
            put(name + "weight", n, dims);
            put(name + "bias", shape[0], shape[0]);
        }

        private void put(String name, int n, long... dims) {
            Tensor p = tensor(t.numbers(name, n), dims);
            parameters.add(p);
            optional.put(name, new TensorOptional(p));
        }

        private Tensor linear(Tensor x, String name) {
            Tensor weight = optional.get(name + "weight").get();
            return x.dim() == 1
                    ? torch.addmv(optional.get(name + "bias").get(), weight, x)
                    : torch.linear(x, weight, optional.get(name + "bias"));
        }

        Tensor norm(Tensor x, String name) {
            return torch.layer_norm(
                    x, new long[] {t.width()}, optional.get(name + "weight"), optional.get(name + "bias"), 1e-5, false);
        }

        /** The stack with the norms behind the sums, on x [batch, length, width]. */
        Tensor forward(Tensor x) {
            return forward(x, NO_MASK);
        }

        /** The stack where a mask is added to the products of queries and keys, if there is one. */
        Tensor forward(Tensor x, TensorOptional mask) {
            Tensor y = x;
            for (int i = 0; i < t.layers(); i++) {
                String layer = "encoder.layers." + i + ".";
                y = norm(
                        linear(attention(linear(y, layer + "self_attn.in_proj_"), mask), layer + "self_attn.out_proj.")
                                .add_(y),
                        layer + "norm1.");
                Tensor hidden = linear(y, layer + "linear1.");
                y = norm(
                        linear(t.gelu() ? torch.gelu(hidden) : torch.relu_(hidden), layer + "linear2.")
                                .add_(y),
                        layer + "norm2.");
            }
            return y;
        }

        /** What a token says that follows {@code past} others, with the norms in front of the layers. */
        Tensor step(int token, int past, Tensor[] keys, Tensor[] values) {
            Tensor x = optional.get("tokens.weight")
                    .get()
                    .select(0, token)
                    .add(optional.get("positions.weight").get().select(0, past));
            for (int i = 0; i < t.layers(); i++) {
                String layer = "encoder.layers." + i + ".";
                Tensor qkv = linear(norm(x, layer + "norm1."), layer + "self_attn.in_proj_")
                        .view(3, 1, t.heads(), 1, t.width() / t.heads());
                keys[i].narrow(2, past, 1).copy_(qkv.select(0, 1));
                values[i].narrow(2, past, 1).copy_(qkv.select(0, 2));
                Tensor y =
                        attention(qkv.select(0, 0), keys[i].narrow(2, 0, past + 1L), values[i].narrow(2, 0, past + 1L));
                x = linear(y.view(t.width()), layer + "self_attn.out_proj.").add_(x);
                Tensor hidden = torch.gelu_(linear(norm(x, layer + "norm2."), layer + "linear1."));
                x = linear(hidden, layer + "linear2.").add_(x);
            }
            return linear(norm(x, "encoder.norm."), "dense.");
        }

        private Tensor attention(Tensor qkv, TensorOptional mask) {
            long batch = qkv.size(0);
            long length = qkv.size(1);
            long d = t.width() / t.heads();
            Tensor parts = qkv.view(batch, length, 3, t.heads(), d).permute(2, 0, 3, 1, 4);
            Tensor y = mask.has_value()
                    ? TorchTransformers.fused(parts.select(0, 0), parts.select(0, 1), parts.select(0, 2), mask)
                    : attention(parts.select(0, 0), parts.select(0, 1), parts.select(0, 2));
            return y.transpose(1, 2).reshape(batch, length, t.width());
        }

        /** y [batch, heads, queries, d] of q, k and v in this order. */
        private Tensor attention(Tensor q, Tensor k, Tensor v) {
            if (fused) {
                return TorchTransformers.fused(q, k, v);
            }
            Scalar scale = new Scalar((float) (1 / Math.sqrt(q.size(3))));
            return torch.matmul(torch.softmax(torch.matmul(q.mul(scale), k.transpose(-2, -1)), -1), v);
        }

        void close() {
            optional.values().forEach(TensorOptional::close);
            parameters.forEach(Tensor::close);
        }
    }
}
