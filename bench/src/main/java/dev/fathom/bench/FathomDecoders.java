package dev.fathom.bench;

import dev.fathom.decode.CachedDecoder;
import dev.fathom.decode.CausalNet;
import dev.fathom.nn.Model;
import dev.fathom.nn.Names;
import dev.fathom.plan.Quantization;
import dev.fathom.pretrained.Llama;
import java.io.IOException;
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
            Llama llama = net(d, false);
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

    private static Llama net(DecoderCase d, boolean interleaved) {
        Llama.Sizes sizes = new Llama.Sizes(
                DecoderCase.VOCABULARY, d.context(), d.width(), d.hidden(), d.heads(), d.heads(), d.layers());
        return Llama.of(sizes, DecoderCase.EPSILON, 10_000, interleaved, true);
    }

    /** A decoder of a file of llama.cpp, and its sequence. */
    @State(Scope.Thread)
    public static class Writing {
        /** Its parameters in millions. */
        @Param("110")
        public int millions;

        /** The type of its matrices, in which products are as well. */
        @Param("F32")
        public String weights;

        private final float[] logits = new float[DecoderCase.VOCABULARY];
        private final int[] token = new int[1];
        private CachedDecoder decoder;
        private CachedDecoder.Sequences sequences;

        /** Loads the file, and tells what it writes. */
        @Setup(Level.Trial)
        public void setup() throws IOException {
            try (Model<CausalNet> model = Model.of((CausalNet) net(DecoderCase.of(millions), true), 1)) {
                model.load(
                        DecoderFile.of(millions, weights),
                        Names.exact()
                                .rename("token_embd.*", "words.*")
                                .rename("output_norm.*", "encoder.norm.*")
                                .rename("blk.*.attn_norm.*", "encoder.layers.*.norm1.*")
                                .rename("blk.*.ffn_norm.*", "encoder.layers.*.norm2.*")
                                .rename("blk.*.attn_output.*", "encoder.layers.*.self_attn.out_proj.*")
                                .rename("blk.*.attn_q.*", "encoder.layers.*.self_attn.q_proj.*")
                                .rename("blk.*.attn_k.*", "encoder.layers.*.self_attn.k_proj.*")
                                .rename("blk.*.attn_v.*", "encoder.layers.*.self_attn.v_proj.*")
                                .rename("blk.*.ffn_gate.*", "encoder.layers.*.gate.*")
                                .rename("blk.*.ffn_up.*", "encoder.layers.*.linear1.*")
                                .rename("blk.*.ffn_down.*", "encoder.layers.*.linear2.*"));
                decoder = CachedDecoder.of(model);
            }
            if (!weights.equals("F32")) {
                CachedDecoder wide = decoder;
                decoder = wide.quantize(Quantization.valueOf(weights + "_PRODUCTS"));
                wide.close();
            }
            sequences = decoder.sequences();
            DecoderCase.tellText(write());
        }

        String write() {
            StringBuilder text = new StringBuilder();
            token[0] = DecoderCase.of(millions).prompt();
            sequences.reset();
            sequences.read(token).get(0, logits);
            for (int i = 1; i < DecoderCase.WRITTEN; i++) {
                token[0] = next(text);
                sequences.step(token).get(0, logits);
            }
            next(text);
            return text.toString();
        }

        private int next(StringBuilder text) {
            int next = Transformer.likeliest(logits);
            text.append(DecoderFile.text(next));
            return next;
        }

        /** Gives the memory back. */
        @TearDown(Level.Trial)
        public void close() {
            sequences.close();
            decoder.close();
        }
    }

    /** A text of a file's decoder. */
    @Benchmark
    public String write(Writing writing) {
        return writing.write();
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
