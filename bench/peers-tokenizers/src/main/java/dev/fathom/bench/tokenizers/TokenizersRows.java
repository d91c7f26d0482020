package dev.fathom.bench.tokenizers;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.fathom.bench.TokenizerCase;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Hugging Face's tokenizers on the work of Fathom's rows. */
public class TokenizersRows {
    /** What runs here. */
    public static String about() {
        return "Hugging Face's tokenizers, of DJL 0.38.0, 1 thread";
    }

    /** A tokenizer and texts. */
    @State(Scope.Thread)
    public static class Tokenizing {
        /** Which of {@link TokenizerCase}. */
        @Param("wordpiece")
        public String kind;

        private HuggingFaceTokenizer tokenizer;
        private String[] texts;

        /** Reads both, and tells what comes of the texts. */
        @Setup(Level.Trial)
        public void setup() throws IOException {
            tokenizer = HuggingFaceTokenizer.newInstance(
                    TokenizerCase.json(kind), Map.of("truncation", "false", "padding", "false"));
            texts = TokenizerCase.texts(400).toArray(new String[0]);
            TokenizerCase.tell(Arrays.stream(tokenizer.batchEncode(texts))
                    .map(e -> Arrays.stream(e.getIds()).mapToInt(id -> (int) id).toArray())
                    .toList());
        }

        /** Gives the tokenizer back. */
        @TearDown(Level.Trial)
        public void close() {
            tokenizer.close();
        }
    }

    /** One by one, with all that the library copies into Java: tokens, offsets, masks. */
    @Benchmark
    public int encode(Tokenizing t) {
        int tokens = 0;
        for (String text : t.texts) {
            tokens += t.tokenizer.encode(text).getIds().length;
        }
        return tokens;
    }

    /** All in one call. */
    @Benchmark
    public int batch(Tokenizing t) {
        int tokens = 0;
        for (Encoding e : t.tokenizer.batchEncode(t.texts)) {
            tokens += e.getIds().length;
        }
        return tokens;
    }

    /** One by one through the functions below its interface, so that the numbers alone are copied. */
    @Benchmark
    public int numbers(Tokenizing t) {
        TokenizersLibrary library = TokenizersLibrary.LIB;
        long handle = t.tokenizer.getHandle();
        int tokens = 0;
        for (String text : t.texts) {
            long encoding = library.encode(handle, text, true);
            tokens += library.getTokenIds(encoding).length;
            library.deleteEncoding(encoding);
        }
        return tokens;
    }

    /** All in one call of these functions. */
    @Benchmark
    public int batchOfNumbers(Tokenizing t) {
        TokenizersLibrary library = TokenizersLibrary.LIB;
        int tokens = 0;
        for (long encoding : library.batchEncode(t.tokenizer.getHandle(), t.texts, true)) {
            tokens += library.getTokenIds(encoding).length;
            library.deleteEncoding(encoding);
        }
        return tokens;
    }
}
