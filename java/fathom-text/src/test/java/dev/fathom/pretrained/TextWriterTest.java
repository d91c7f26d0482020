package dev.fathom.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.fathom.decode.CausalNet;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tokenizer.PretrainedTokenizer;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a writer writes is what the net says, one token after another. */
class TextWriterTest {
    private static Path folder(String name) {
        return Path.of(System.getProperty("fathom.root"), "test-data", "pretrained", name);
    }

    /** The most probable tokens, each of a pass over the whole sequence so far. */
    private static String greedy(String name, String prompt, int most, int... ends) {
        PretrainedTokenizer tokenizer = PretrainedTokenizer.read(folder(name));
        int[] ids = tokenizer.encode(prompt).ids();
        int before = ids.length;
        try (Model<CausalNet> model = DecoderFamily.read(folder(name))) {
            while (ids.length < before + most) {
                try (Pass pass = Pass.infer()) {
                    float[] logits = model.net()
                            .step(Tensor.ofInts(ids, 1, ids.length), model.net().state(1, ids.length))
                            .output()
                            .slice(1, ids.length - 1, ids.length)
                            .toArray();
                    int best = IntStream.range(0, logits.length)
                            .reduce((a, b) -> logits[b] > logits[a] ? b : a)
                            .orElseThrow();
                    if (Arrays.stream(ends).anyMatch(e -> e == best)) {
                        break;
                    }
                    ids = Arrays.copyOf(ids, ids.length + 1);
                    ids[ids.length - 1] = best;
                }
            }
        }
        return tokenizer.decode(ids).substring(prompt.length());
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama"})
    void theMostProbableTokens(String name) {
        int[] ends = name.equals("llama") ? new int[] {0, 60} : new int[] {0};
        try (TextWriter writer = TextWriter.load(folder(name))) {
            for (String prompt : List.of("Hello, you", "a", "The end. Or")) {
                List<String> pieces = new ArrayList<>();
                String text = writer.sampling(writer.sampling().maxTokens(20)).write(prompt, pieces::add);
                assertThat(text).isEqualTo(greedy(name, prompt, 20, ends));
                assertThat(String.join("", pieces)).isEqualTo(text);
                assertThat(pieces.size()).as(text).isEqualTo(text.length()); // a token is a letter
            }
            assertThat(writer.tokensPerSecond()).isPositive();
        }
    }

    @Test
    void aStopEndsTheTextAndIsNotWritten() {
        try (TextWriter writer = TextWriter.load(folder("gpt2"))) {
            TextWriter free = writer.sampling(writer.sampling().temperature(1).maxTokens(40))
                    .seed(3);
            String whole = free.write("Hello");
            assertThat(whole.length()).isGreaterThan(10);
            String stop = whole.substring(6, 9);
            List<String> pieces = new ArrayList<>();
            String cut = free.stops("no such text", stop).write("Hello", pieces::add);
            assertThat(cut).isEqualTo(whole.substring(0, whole.indexOf(stop)));
            assertThat(String.join("", pieces)).isEqualTo(cut);
        }
    }

    @Test
    void piecesOnDemand() {
        try (TextWriter writer = TextWriter.load(folder("gpt2"))) {
            TextWriter drawing =
                    writer.sampling(writer.sampling().temperature(1).maxTokens(30));
            String whole = drawing.write("Hello");
            StringBuilder all = new StringBuilder();
            try (TextWriter.Pieces pieces = drawing.pieces("Hello")) {
                pieces.forEachRemaining(all::append);
                assertThatThrownBy(pieces::next)
                        .isInstanceOf(NoSuchElementException.class)
                        .hasMessageContaining("the text is at its end");
            }
            assertThat(all.toString()).isEqualTo(whole);
            TextWriter.Pieces begun = drawing.pieces("Hello");
            String first = begun.next();
            begun.close();
            assertThat(whole).startsWith(first);
            assertThat(begun.hasNext()).isFalse();
        }
    }

    /**
     * Random tokens of published tokenizers become what they are as a whole. GPT-2's decode to broken letters too; of
     * Llama's, single bytes are left out, since broken ones change letters that were certain before them.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "models/swift-goldens-gpt2-t5-bert/gpt2/tokenizer.json",
                "models/llama-stories260k-gguf/tinyllm.gguf"
            })
    void aStreamOfTokensIsTheirText(String name) {
        String data = System.getenv("FATHOM_DATA");
        Path file = Path.of(data == null ? "" : data, name);
        assumeTrue(Files.exists(file), "a stream of tokens is not tested: FATHOM_DATA has no " + name);
        PretrainedTokenizer tokenizer = PretrainedTokenizer.read(file);
        TextStream.Known known = new TextStream.Known(tokenizer); // all rounds but the first meet known tokens
        Random random = new Random(2);
        for (int round = 0; round < 200; round++) {
            int least = name.endsWith("gguf") ? 3 + 256 : 0;
            int[] prompt =
                    random.ints(1 + random.nextInt(4), least, tokenizer.size()).toArray();
            int[] letters = tokenizer
                    .withoutSpecialTokens()
                    .encode("\ud83d\ude00 \u4e2d\u6587")
                    .ids();
            int[] more = IntStream.concat(random.ints(30, least, tokenizer.size()), Arrays.stream(letters))
                    .toArray();
            TextStream stream = new TextStream(known, prompt, List.of());
            StringBuilder text = new StringBuilder();
            for (int token : more) {
                stream.add(token);
                text.append(stream.take());
            }
            stream.finish();
            text.append(stream.take());
            int[] all =
                    IntStream.concat(Arrays.stream(prompt), Arrays.stream(more)).toArray();
            String before = tokenizer.decode(prompt);
            String whole = tokenizer.decode(all);
            if (whole.startsWith(before)) { // else the tokens complete a letter of the prompt
                assertThat(text.toString()).as(Arrays.toString(all)).isEqualTo(whole.substring(before.length()));
            }
        }
    }

    @Test
    void aSeedWritesTheSameText() {
        try (TextWriter writer = TextWriter.load(folder("llama"))) {
            Set<String> texts = new TreeSet<>();
            for (int seed = 0; seed < 6; seed++) {
                TextWriter drawing = writer.sampling(
                                writer.sampling().temperature(1).topP(0.9f).maxTokens(12))
                        .seed(seed);
                String text = drawing.write("abc");
                assertThat(drawing.write("abc")).isEqualTo(text);
                texts.add(text);
            }
            assertThat(texts).hasSizeGreaterThan(3);
        }
    }

    /** Once the writer has met its tokens, a token takes no bytes of the heap but those of its string. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama"})
    void aTokenAllocatesItsStringAlone(String name) {
        ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (TextWriter writer = TextWriter.load(folder(name))) {
            TextWriter drawing = writer.sampling(
                            writer.sampling().temperature(1).topP(0.95f).repetitionPenalty(1.1f))
                    .stops("no such text", "nor this");
            String[] strings = new String[20];
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 400; round++) {
                try (TextWriter.Pieces pieces = drawing.seed(round % 8).pieces("Hello")) {
                    int i = 0;
                    long before = bean.getCurrentThreadAllocatedBytes();
                    while (i < strings.length && pieces.hasNext()) {
                        strings[i++] = pieces.next();
                        before = i == 1 ? bean.getCurrentThreadAllocatedBytes() : before; // makes what all share
                    }
                    if (i == strings.length) {
                        long taken = bean.getCurrentThreadAllocatedBytes() - before;
                        least = Math.min(least, taken);
                    }
                }
            }
            long before = bean.getCurrentThreadAllocatedBytes();
            for (int i = 1; i < strings.length; i++) {
                strings[i] = String.valueOf((char) ('a' + i)); // a token is a letter
            }
            long own = bean.getCurrentThreadAllocatedBytes() - before;
            assertThat(least).isPositive().isLessThanOrEqualTo(own);
        }
    }

    /** The text that llama2.c's own test (test_all.py) expects of these weights at temperature 0. */
    @Test
    void storiesOfAFileOfLlamaCpp() {
        String data = System.getenv("FATHOM_DATA");
        Path file = Path.of(data == null ? "" : data, "models/llama-stories260k-gguf/tinyllm.gguf");
        assumeTrue(
                Files.exists(file),
                "a Llama of llama.cpp is not tested: FATHOM_DATA has no models/llama-stories260k-gguf");
        try (TextWriter writer = TextWriter.load(file)) {
            String text = writer.sampling(writer.sampling().maxTokens(120)).write("");
            assertThat(text)
                    .startsWith(
                            "Once upon a time, there was a little girl named Lily. She loved to play outside in the park."
                                    + " One day, she saw a big, red ball. She wanted to play with it, but it was too high.");
        }
    }

    @Test
    void whatCannotBeIsNamed() {
        try (TextWriter writer = TextWriter.load(folder("gpt2"))) {
            assertThatThrownBy(() -> writer.write(""))
                    .hasMessageContaining("the text has 0 tokens, but it must have 1 to 47");
            assertThatThrownBy(() -> writer.write("a".repeat(48))).hasMessageContaining("the text has 48 tokens");
            assertThat(writer.write("a".repeat(47))).hasSizeLessThan(2);
            assertThatThrownBy(() -> writer.stops("")).hasMessageContaining("an empty stop");
            assertThatThrownBy(() -> writer.sampling().topP(2)).hasMessageContaining("topP");
        }
        assertThatThrownBy(() -> DecoderFamily.read(folder("bert")))
                .hasMessageContaining("the family \"bert\" is not known as one that writes; those are [gpt2, llama]");
    }
}
