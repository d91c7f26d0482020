package dev.fathom.bench;

import dev.fathom.tokenizer.EncodedText;
import dev.fathom.tokenizer.PretrainedTokenizer;
import java.io.IOException;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Texts as tokens of published models. */
public class FathomTokenizers {
    /** A tokenizer and texts. */
    @State(Scope.Thread)
    public static class Tokenizing {
        /** Which of {@link TokenizerCase}. */
        @Param("wordpiece")
        public String kind = "wordpiece";

        /** How many characters a text has. */
        @Param("400")
        public int length;

        private PretrainedTokenizer tokenizer;
        private List<String> texts;

        /** Reads both, and tells what comes of the texts. */
        @Setup(Level.Trial)
        public void setup() throws IOException {
            tokenizer = PretrainedTokenizer.read(TokenizerCase.json(kind))
                    .withoutPadding()
                    .withoutTruncation();
            texts = TokenizerCase.texts(length);
            TokenizerCase.tell(
                    tokenizer.encode(texts).stream().map(EncodedText::ids).toList());
        }

        int encode() {
            int tokens = 0;
            for (String text : texts) {
                tokens += tokenizer.encode(text).ids().length;
            }
            return tokens;
        }
    }

    /** The tokens of all texts, one by one. */
    @Benchmark
    public int encode(Tokenizing tokenizing) {
        return tokenizing.encode();
    }
}
