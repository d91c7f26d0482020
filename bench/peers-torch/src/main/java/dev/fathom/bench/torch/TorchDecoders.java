package dev.fathom.bench.torch;

import static dev.fathom.bench.torch.TorchSteps.tensor;

import dev.fathom.bench.DecoderCase;
import dev.fathom.bench.Work;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The prompt of a decoder in PyTorch: its fused causal attention, one product for queries, keys and values. */
@SuppressWarnings("try") // scopes are closed, not used
public class TorchDecoders {
    /** The tensors of the net. */
    @State(Scope.Thread)
    public static class Prompt {
        /** Parameters in millions. */
        @Param("15")
        public int millions;

        /** Tokens of the prompt. */
        @Param("128")
        public int length;

        private final float[] logits = new float[DecoderCase.VOCABULARY];
        private final Map<String, Tensor> numbers = new HashMap<>();
        private long[] prompt;
        private DecoderCase d;
        private Tensor cos;
        private Tensor sin;

        /** Makes the tensors. */
        @Setup(Level.Trial)
        public void setup() {
            d = DecoderCase.of(millions);
            int w = d.width();
            int[] tokens = d.prompt(length);
            prompt = new long[length];
            for (int i = 0; i < length; i++) {
                prompt[i] = tokens[i];
            }
            put("words.weight", DecoderCase.VOCABULARY, w);
            put("encoder.norm.weight", w);
            for (int i = 0; i < d.layers(); i++) {
                String layer = "encoder.layers." + i + ".";
                float[] qkv = new float[3 * w * w];
                String[] parts = {"q", "k", "v"};
                for (int p = 0; p < 3; p++) {
                    String name = layer + "self_attn." + parts[p] + "_proj.weight";
                    System.arraycopy(d.numbers(name, w * w), 0, qkv, p * w * w, w * w);
                }
                numbers.put(layer + "qkv", tensor(qkv, 3 * w, w));
                put(layer + "self_attn.out_proj.weight", w, w);
                put(layer + "gate.weight", d.hidden(), w);
                put(layer + "linear1.weight", d.hidden(), w);
                put(layer + "linear2.weight", w, d.hidden());
                put(layer + "norm1.weight", w);
                put(layer + "norm2.weight", w);
            }
            int half = w / d.heads() / 2;
            float[] c = new float[length * 2 * half];
            float[] s = new float[c.length];
            for (int i = 0; i < length; i++) {
                for (int j = 0; j < 2 * half; j++) {
                    double angle = i * Math.pow(10_000, -(j % half) / (double) half);
                    c[i * 2 * half + j] = (float) Math.cos(angle);
                    s[i * 2 * half + j] = (float) (j < half ? -Math.sin(angle) : Math.sin(angle));
                }
            }
            cos = tensor(c, length, 2 * half);
            sin = tensor(s, length, 2 * half);
        }

        private void put(String name, int... shape) {
            int n = shape.length == 1 ? shape[0] : shape[0] * shape[1];
            long[] dims = shape.length == 1 ? new long[] {n} : new long[] {shape[0], shape[1]};
            numbers.put(name, tensor(d.numbers(name, n), dims));
        }

        private Tensor linear(Tensor x, String name) {
            return torch.linear(x, numbers.get(name));
        }

        private Tensor norm(Tensor x, String name) {
            return torch.rms_norm(
                    x,
                    new long[] {d.width()},
                    new TensorOptional(numbers.get(name)),
                    new DoubleOptional(DecoderCase.EPSILON));
        }

        /** Numbers half a head apart are turned together. */
        private Tensor turned(Tensor x) {
            long half = x.size(-1) / 2;
            Tensor other = torch.cat(new TensorVector(x.narrow(-1, half, half), x.narrow(-1, 0, half)), -1);
            return x.mul(cos).add_(other.mul_(sin));
        }

        float[] read() {
            try (InferenceMode mode = new InferenceMode(true);
                    PointerScope scope = new PointerScope()) {
                Tensor x = torch.embedding(numbers.get("words.weight"), torch.tensor(prompt));
                for (int i = 0; i < d.layers(); i++) {
                    String layer = "encoder.layers." + i + ".";
                    Tensor qkv = linear(norm(x, layer + "norm1.weight"), layer + "qkv")
                            .view(length, 3, d.heads(), d.width() / d.heads())
                            .permute(1, 2, 0, 3);
                    Tensor y = torch.scaled_dot_product_attention(
                            turned(qkv.select(0, 0)).unsqueeze(0),
                            turned(qkv.select(0, 1)).unsqueeze(0),
                            qkv.select(0, 2).unsqueeze(0),
                            new TensorOptional(),
                            0,
                            true,
                            new DoubleOptional(),
                            false);
                    x = linear(
                                    y.squeeze(0).transpose(0, 1).reshape(length, d.width()),
                                    layer + "self_attn.out_proj.weight")
                            .add_(x);
                    Tensor normed = norm(x, layer + "norm2.weight");
                    Tensor hidden = torch.silu_(linear(normed, layer + "gate.weight"))
                            .mul_(linear(normed, layer + "linear1.weight"));
                    x = linear(hidden, layer + "linear2.weight").add_(x);
                }
                Tensor last = norm(x.narrow(0, length - 1L, 1), "encoder.norm.weight");
                linear(last, "words.weight").data_ptr_float().get(logits);
            }
            return logits;
        }

        /** The logits behind the prompt are those of the other contenders. */
        @TearDown(Level.Trial)
        public void check() {
            Work.tell(read());
            numbers.values().forEach(Tensor::close);
            cos.close();
            sin.close();
        }
    }

    /** A prompt. */
    @Benchmark
    public float[] prefill(Prompt prompt) {
        return prompt.read();
    }
}
