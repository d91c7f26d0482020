package dev.fathom.finetune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fathom.data.Dataset;
import dev.fathom.decode.CausalNet;
import dev.fathom.nn.Model;
import dev.fathom.optim.AdamW;
import dev.fathom.pretrained.FillMask;
import dev.fathom.pretrained.HeadTuning;
import dev.fathom.pretrained.Pretrained;
import dev.fathom.pretrained.TextBatch;
import dev.fathom.pretrained.TextWriter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tokenizer.EncodedText;
import dev.fathom.tokenizer.PretrainedTokenizer;
import dev.fathom.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Masked words and next tokens are learned from tiny texts. */
class LanguageModelingTest {
    private static final List<String> TEXTS =
            List.of("anna lives in paris .", "bob sees a dog near the river", "the cat walks and sings");

    @TempDir
    Path temp;

    /** The loss and gradients of masked tokens that were given are PyTorch's (test-data/pretrained/finetune.py). */
    @Test
    void theLossOfMaskedTokensIsPyTorchs() throws IOException {
        JsonObject of = Golden.expected().getAsJsonObject("words");
        int[] ids = Golden.ints(of.get("ids"));
        try (HeadTuning tuning = HeadTuning.fillMask(Golden.folder("heads-bert"));
                Pass pass = Pass.grad()) {
            EncodedText text = tuning.tokenizer().encode("anna lives in paris .");
            Masking.Batch plain = Masking.of(tuning).batch(List.of(text), new Rng(1));
            var masked = new Masking.Batch(
                    new TextBatch(
                            Tensor.ofInts(ids, 1, ids.length),
                            plain.texts().types(),
                            plain.texts().places(),
                            plain.texts().owners(),
                            plain.texts().lengths()),
                    Tensor.ofInts(Golden.ints(of.get("places")), 2),
                    Tensor.ofInts(Golden.ints(of.get("targets")), 2));
            Tensor loss = masked.loss(tuning.model().net());
            Golden.loss(loss, of);
            pass.backward(loss);
            Golden.gradient(gradient(tuning, "head.dense.weight"), of, "cls.predictions.transform.dense.weight");
            Golden.gradient(gradient(tuning, "head.out.bias"), of, "cls.predictions.bias");
            Golden.gradient(gradient(tuning, "encoder.words.weight"), of, "bert.embeddings.word_embeddings.weight");
        }
    }

    private static float[] gradient(HeadTuning tuning, String name) {
        return Objects.requireNonNull(tuning.model().parameter(name).gradient()).toArray();
    }

    /** Of many tokens 15 % are chosen, of which 80 % become the mask, 10 % a random token, and 10 % stay. */
    @Test
    void theSharesAreThoseOfBert() {
        try (HeadTuning tuning = HeadTuning.fillMask(Golden.folder("heads-bert"));
                Pass pass = Pass.infer()) {
            assertThat(pass.recording()).isFalse();
            EncodedText text = tuning.tokenizer().encode(TEXTS.get(1));
            List<EncodedText> texts = Collections.nCopies(3000, text);
            int[] before = text.ids();
            int n = before.length;
            int tokens = 3000 * (n - 2);
            Masking masking = Masking.of(tuning);
            Masking.Batch batch = masking.batch(texts, new Rng(7));
            int[] ids = batch.texts().ids().toIntArray();
            int[] places = batch.places().toIntArray();
            int[] targets = batch.targets().toIntArray();
            int masks = 0;
            int same = 0;
            for (int i = 0; i < places.length; i++) {
                assertThat(places[i] % n).isNotIn(0, n - 1); // [CLS] and [SEP]
                assertThat(targets[i]).isEqualTo(before[places[i] % n]);
                masks += ids[places[i]] == masking.mask() ? 1 : 0;
                same += ids[places[i]] == targets[i] ? 1 : 0;
            }
            // three deviations of binomial distributions; a random token of 40 is also the mask or the same
            double chance = 1.0 / masking.vocabulary();
            share(places.length, tokens, 0.15);
            share(masks, places.length, 0.8 + 0.1 * chance);
            share(same, places.length, 0.1 + 0.1 * chance);
            boolean[] chosen = new boolean[ids.length];
            Arrays.stream(places).forEach(p -> chosen[p] = true);
            assertThat(IntStream.range(0, ids.length).filter(i -> !chosen[i])).allMatch(i -> ids[i] == before[i % n]);
            Masking.Batch again = masking.batch(texts, new Rng(7));
            assertThat(again.texts().ids().toIntArray()).isEqualTo(ids);
            assertThat(masking.batch(texts, new Rng(8)).places().toIntArray()).isNotEqualTo(places);
        }
    }

    private static void share(int count, int of, double expected) {
        assertThat((double) count / of).isCloseTo(expected, within(3 * Math.sqrt(expected * (1 - expected) / of)));
    }

    @Test
    void wholeWordsAreChosenTogether() {
        try (HeadTuning tuning = HeadTuning.fillMask(Golden.folder("heads-bert"));
                Pass pass = Pass.infer()) {
            assertThat(pass.recording()).isFalse();
            EncodedText text = tuning.tokenizer().encode("walkers sing");
            assertThat(text.tokens()).containsExactly("[CLS]", "walk", "##er", "##s", "sing", "[SEP]");
            Masking masking = Masking.of(tuning).ofWords().share(0.5);
            boolean together = false;
            for (int seed = 0; seed < 20; seed++) {
                List<Integer> places = Arrays.stream(masking.batch(List.of(text), new Rng(seed))
                                .places()
                                .toIntArray())
                        .boxed()
                        .toList();
                assertThat(places).isNotEmpty().isIn(List.of(1, 2, 3), List.of(4), List.of(1, 2, 3, 4));
                together |= places.contains(1);
            }
            assertThat(together).isTrue();
            assertThat(masking.share(1e-9)
                            .batch(List.of(text), new Rng(1))
                            .places()
                            .size())
                    .isPositive();
        }
    }

    @Test
    void maskedWordsAreLearned() {
        Path to = temp.resolve("filled");
        Path from = words();
        try (HeadTuning tuning = HeadTuning.fillMask(from);
                var optimizer = new AdamW(3e-3f).on(tuning.model())) {
            Masking masking = Masking.of(tuning).share(0.3);
            List<EncodedText> texts = tuning.tokenizer().encode(Collections.nCopies(6, TEXTS.get(0)));
            double first = 0;
            double last = 0;
            for (int step = 0; step < 200; step++) {
                Rng rng = new Rng(step);
                try (Pass pass = Pass.grad(rng)) { // without dropout, which so small a net learns slowly with
                    Tensor loss = masking.batch(texts, rng).loss(tuning.model().net());
                    pass.backward(loss);
                    first += step < 10 ? loss.item() / 10 : 0;
                    last += step >= 190 ? loss.item() / 10 : 0;
                    optimizer.step();
                }
            }
            assertThat(last).isLessThan(first / 2);
            tuning.save(to);
        }
        assertThat(probability(to)).isGreaterThan(0.9f);
        assertThat(probability(from)).isLessThan(0.5f);
    }

    /** A folder that fills in words, as it was before. */
    private Path words() {
        Path folder = temp.resolve("words");
        try (HeadTuning tuning = HeadTuning.fillMask(Golden.folder("heads-bert"))) {
            tuning.save(folder);
        }
        return folder;
    }

    /** How probable the word is that was learned. */
    private static float probability(Path folder) {
        try (FillMask fill = FillMask.load(folder)) {
            return fill.fill("anna lives in [MASK] .", 30).stream()
                    .filter(each -> each.token().equals("paris"))
                    .map(FillMask.Filled::probability)
                    .findFirst()
                    .orElse(0f);
        }
    }

    /** The cross-entropy of the logits that PyTorch computes, beside that of the layer with the same tokens. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama", "llama-3"})
    void theLossOfNextTokensIsThatOfPyTorchsLogits(String kind) throws IOException {
        JsonObject all =
                new Gson().fromJson(Files.readString(Golden.folder(kind).resolve("expected.json")), JsonObject.class);
        try (Model<CausalNet> model = Pretrained.decoder(Golden.folder(kind));
                Pass pass = Pass.grad()) {
            JsonArray cases = all.getAsJsonArray("cases");
            JsonObject each = cases.get(cases.size() - 1).getAsJsonObject();
            int[] ids = Golden.ints(each.get("ids"));
            JsonArray rows = each.getAsJsonArray("vectors");
            double sum = 0;
            for (int t = 0; t + 1 < ids.length; t++) {
                double total = 0;
                for (var z : rows.get(t).getAsJsonArray()) {
                    total += Math.exp(z.getAsDouble());
                }
                sum += Math.log(total)
                        - rows.get(t).getAsJsonArray().get(ids[t + 1]).getAsDouble();
            }
            int[] y = Arrays.copyOf(Arrays.copyOfRange(ids, 1, ids.length), ids.length);
            y[ids.length - 1] = NextTokens.IGNORED;
            Tensor loss = NextTokens.loss()
                    .of(model.net().apply(Tensor.ofInts(ids, 1, ids.length)), Tensor.ofInts(y, 1, ids.length));
            assertThat((double) loss.item()).isCloseTo(sum / (ids.length - 1), within(1e-5 * sum));
            pass.backward(loss);
            assertThat(model.parameters()).allMatch(p -> p.gradient() != null);
        }
    }

    @Test
    void windowsHaveWhatFollows() {
        PretrainedTokenizer tokenizer =
                PretrainedTokenizer.read(Golden.folder("heads-bert")).withoutPadding();
        EncodedText first = tokenizer.encode("anna lives in paris"); // [CLS] a l i p [SEP]
        EncodedText second = tokenizer.encode("cat");
        int[] a = first.ids();
        int[] b = second.ids();
        int none = NextTokens.IGNORED;
        try (Dataset padded = NextTokens.padded(List.of(first, second), 9, 4);
                Dataset packed = NextTokens.packed(List.of(first, second), 9, 4);
                Pass pass = Pass.infer()) {
            assertThat(pass.recording()).isFalse();
            assertThat(ints(padded, true)).containsExactly(a[0], a[1], a[2], a[3], b[0], b[1], b[2], 9);
            assertThat(ints(padded, false)).containsExactly(a[1], a[2], a[3], a[4], b[1], none, 9, none);
            assertThat(ints(packed, true))
                    .containsExactly(a[0], a[1], a[2], a[3], a[4], a[5], 9, b[0], b[1], b[2], 9, 0);
            assertThat(ints(packed, false))
                    .containsExactly(a[1], a[2], a[3], a[4], none, 9, none, b[1], none, 9, none, none);
        }
        assertThatThrownBy(() -> NextTokens.packed(List.of(first), -2, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("NextTokens: the end -2 is no token; give its number, or NextTokens.NO_END for none");
        assertThatThrownBy(() -> NextTokens.padded(List.of(first), 9, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("length");
        assertThatThrownBy(() -> NextTokens.padded(List.of(), 9, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("NextTokens: in the 0 texts no token follows another; give texts of at least two tokens");
    }

    private static int[] ints(Dataset data, boolean x) {
        var batch = data.batches(data.size()).epoch(0).next();
        return (x ? batch.x() : batch.y()).toIntArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama"})
    void aDecoderLearnsByATrainer(String kind) {
        Path folder = Golden.folder(kind);
        PretrainedTokenizer tokenizer = PretrainedTokenizer.read(folder).withoutPadding();
        Path to = temp.resolve(kind);
        try (Model<CausalNet> model = Pretrained.decoder(folder);
                Dataset windows = NextTokens.packed(
                        tokenizer.encode(Collections.nCopies(8, "abcabcabcabcabc")), NextTokens.NO_END, 16)) {
            var trainer = Trainer.of(model, NextTokens.loss(), new AdamW(1e-2f));
            double first = Objects.requireNonNull(trainer.evaluate(windows).get("loss"));
            trainer.fit(windows.shuffled(1).batches(4), 20);
            assertThat(Objects.requireNonNull(trainer.evaluate(windows).get("loss")))
                    .isLessThan(first / 3);
            Pretrained.save(model, folder, to);
        }
        try (TextWriter writer = TextWriter.load(to)) {
            assertThat(writer.sampling(writer.sampling().temperature(0).maxTokens(6))
                            .write("abcab"))
                    .startsWith("cabc");
        }
    }

    @Test
    void whatCannotBeMaskedIsNamed() {
        assertThatThrownBy(() -> new Masking(40, 40, 0.15, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Masking: the mask 40 is none of 40 tokens; give the number of [MASK] or <mask>");
        assertThatThrownBy(() -> new Masking(4, 40, 0, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a share of 0.0");
        try (HeadTuning tuning = HeadTuning.fillMask(Golden.folder("heads-bert"));
                Pass pass = Pass.infer()) {
            assertThat(pass.recording()).isFalse();
            assertThatThrownBy(() ->
                            Masking.of(tuning).batch(List.of(tuning.tokenizer().encode("")), new Rng(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Masking: the 1 texts have no tokens but special ones; give texts with words");
        }
    }
}
