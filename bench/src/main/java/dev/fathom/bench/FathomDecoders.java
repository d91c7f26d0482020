package dev.fathom.bench;

import dev.fathom.decode.CachedDecoder;
import dev.fathom.decode.CausalNet;
import dev.fathom.nn.Model;
import dev.fathom.pretrained.Llama;
import java.nio.FloatBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Decoders with caches, token by token or a whole prompt at once. */
public class FathomDecoders {
    /** A decoder, and its sequence. */
    @State(Scope.Thread)
    public static class Decoding {
        /** Its parameters in millions. */
        @Param("15")
        public int millions;

        /** Tokens of the prompt. */
        @Param("1")
        public int length;

        private final float[] logits = new float[DecoderCase.VOCABULARY];
        private int[] prompt;
        private CachedDecoder decoder;
        private CachedDecoder.Sequences sequences;

        /** Freezes the net. */
        @Setup(Level.Trial)
        public void setup() {
            DecoderCase d = DecoderCase.of(millions);
            prompt = d.prompt(length);
            Llama llama = Llama.of(
                    new Llama.Sizes(
                            DecoderCase.VOCABULARY,
                            d.context(),
                            d.width(),
                            d.hidden(),
                            d.heads(),
                            d.heads(),
                            d.layers()),
                    DecoderCase.EPSILON,
                    10_000,
                    false,
                    true);
            try (Model<CausalNet> model = Model.of((CausalNet) llama, 1)) {
                FathomNets.load(
                        model, held -> d.numbers(held.name(), (int) held.shape().size()));
                decoder = CachedDecoder.of(model);
            }
            sequences = decoder.sequences();
        }

        float[] read() {
            sequences.reset();
            FloatBuffer all = sequences.read(prompt);
            all.get(0, logits);
            return logits;
        }

        float[] write() {
            read();
            for (int i = 1; i < DecoderCase.WRITTEN; i++) {
                sequences.step(Transformer.likeliest(logits)).get(0, logits);
            }
            return logits;
        }

        /** The logits behind the prompt are those of the other contenders. */
        @TearDown(Level.Trial)
        public void check() {
            Work.tell(read());
            sequences.close();
            decoder.close();
        }
    }

    /** A prompt. */
    @Benchmark
    public float[] prefill(Decoding decoding) {
        return decoding.read();
    }

    /** A text. */
    @Benchmark
    public float[] generate(Decoding decoding) {
        return decoding.write();
    }
}
