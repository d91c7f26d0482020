package dev.fathom.bench.torch;

import static dev.fathom.bench.torch.TorchSteps.tensor;

import dev.fathom.bench.EncoderCase;
import dev.fathom.bench.EncoderParams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Vectors of texts in PyTorch: its fused attention, some texts together that are padded to the longest of them. */
@SuppressWarnings("try") // scopes are closed, not used
public class TorchEncoders {
    /** How many texts of a run. */
    @State(Scope.Thread)
    public static class Texts extends EncoderParams {
        /** Texts of a run. */
        @Param("1")
        public int together;

        @Override
        protected Encoder make(EncoderCase encoder) {
            return new Net(encoder, batch, together);
        }
    }

    /** The tensors of the net, and the texts in parts. */
    private static final class Net implements EncoderParams.Encoder {
        private final List<Part> parts = new ArrayList<>();
        private final float[][] vectors;
        private final TorchTransformers.Stack stack;
        private final Tensor words;
        private final Tensor places;
        private final Tensor type;
        private final TensorOptional weight;
        private final TensorOptional bias;

        /** Some texts, padded. */
        private record Part(EncoderCase.Padded texts, long[] ids, TensorOptional mask, Tensor shares) {}

        Net(EncoderCase encoder, int batch, int together) {
            int width = encoder.layersOf().width();
            stack = new TorchTransformers.Stack(encoder.layersOf(), true, false);
            words = tensor(EncoderCase.numbers("words", EncoderCase.VOCABULARY * width), EncoderCase.VOCABULARY, width);
            places = tensor(EncoderCase.numbers("places", EncoderCase.PLACES * width), EncoderCase.PLACES, width);
            type = tensor(EncoderCase.numbers("types", 2 * width), 2, width)
                    .select(0, 0)
                    .clone();
            weight = new TensorOptional(tensor(EncoderCase.numbers("norm.weight", width), width));
            bias = new TensorOptional(tensor(EncoderCase.numbers("norm.bias", width), width));
            vectors = new float[batch][width];
            for (EncoderCase.Padded texts : encoder.padded(together)) {
                int n = texts.lengths().length;
                float[] mask = new float[n * texts.length()];
                for (int i = 0; i < mask.length; i++) {
                    mask[i] = texts.shares()[i] > 0 ? 0 : Float.NEGATIVE_INFINITY;
                }
                parts.add(new Part(
                        texts,
                        Arrays.stream(texts.ids()).asLongStream().toArray(),
                        together == 1
                                ? new TensorOptional()
                                : new TensorOptional(tensor(mask, n, 1, 1, texts.length())),
                        tensor(texts.shares(), n, 1, texts.length())));
            }
        }

        @Override
        public float[][] vectors() {
            try (InferenceMode mode = new InferenceMode(true)) {
                for (Part part : parts) {
                    try (PointerScope scope = new PointerScope()) {
                        run(part);
                    }
                }
            }
            return vectors;
        }

        private void run(Part part) {
            Tensor ids = torch.tensor(part.ids).view(part.texts.lengths().length, part.texts.length());
            Tensor sum = torch.embedding(words, ids)
                    .add_(places.narrow(0, 0, part.texts.length()))
                    .add_(type);
            Tensor x = torch.layer_norm(sum, new long[] {sum.size(2)}, weight, bias, 1e-5, false);
            Tensor y = torch.matmul(part.shares, stack.forward(x, part.mask)).squeeze(1);
            int[] texts = part.texts.texts();
            float[] all = new float[texts.length * vectors[0].length];
            y.contiguous().data_ptr_float().get(all);
            for (int i = 0; i < texts.length; i++) {
                System.arraycopy(all, i * vectors[0].length, vectors[texts[i]], 0, vectors[0].length);
                normalize(vectors[texts[i]]);
            }
        }

        private static void normalize(float[] vector) {
            double squares = 0;
            for (float x : vector) {
                squares += (double) x * x;
            }
            for (int i = 0; i < vector.length; i++) {
                vector[i] = (float) (vector[i] / Math.sqrt(squares));
            }
        }

        @Override
        public void close() {
            stack.close();
            words.close();
            places.close();
            type.close();
            weight.close();
            bias.close();
            parts.forEach(part -> part.shares.close());
        }
    }

    /** The vectors of all texts. */
    @Benchmark
    public float[][] embed(Texts texts) throws Exception {
        return texts.vectors();
    }
}
