package dev.fathom.finetune;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.decode.CausalNet;
import dev.fathom.io.Safetensors;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.AdamW;
import dev.fathom.parameter.Parameter;
import dev.fathom.pretrained.Classifier;
import dev.fathom.pretrained.HeadTuning;
import dev.fathom.pretrained.Pretrained;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tokenizer.EncodedText;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Low-rank adaptation computes what PyTorch does with W + alpha / rank B A, and becomes a plain folder. */
class LoraTest {
    private static final String[] LABELS = {"O", "B-PER", "I-PER", "B-LOC", "I-LOC"};
    private static final List<String> QUERIES_AND_VALUES = List.of("*.q_proj.weight", "*.v_proj.weight");

    @TempDir
    Path temp;

    /** The factors of the golden case, by their names here. */
    private Path factors(JsonObject of) {
        Safetensors.Writer writer = new Safetensors.Writer();
        of.getAsJsonObject("tensors").entrySet().forEach(e -> {
            JsonObject t = e.getValue().getAsJsonObject();
            writer.add(
                    here(e.getKey()),
                    Shape.of(Golden.ints(t.get("shape"))),
                    FloatBuffer.wrap(Golden.floats(t.get("values"))));
        });
        Path file = temp.resolve("factors.safetensors");
        writer.write(file);
        return file;
    }

    private static String here(String name) {
        return "matrices."
                + name.replace("bert.encoder.layer.", "encoder.encoder.layers.")
                        .replace(".attention.self.query.", ".self_attn.q_proj.")
                        .replace(".attention.self.value.", ".self_attn.v_proj.")
                        .replace(".A", ".a")
                        .replace(".B", ".b");
    }

    @Test
    void lossLogitsAndGradientsArePyTorchs() throws IOException {
        JsonObject of = Golden.expected().getAsJsonObject("lora");
        List<String> texts = List.of(new Gson().fromJson(of.get("texts"), String[].class));
        int[] classes = Golden.ints(of.get("classes"));
        try (HeadTuning tuning = HeadTuning.classifier(Golden.folder("heads-bert"), LABELS);
                Lora lora = Lora.of(
                        tuning.model(),
                        of.get("rank").getAsInt(),
                        of.get("alpha").getAsFloat(),
                        1,
                        QUERIES_AND_VALUES,
                        List.of())) {
            List<EncodedText> encoded = tuning.tokenizer().encode(texts);
            lora.model().load(factors(of));
            try (Pass pass = Pass.grad()) {
                Tensor loss = lora.loss(() -> tuning.logits(encoded).crossEntropy(Tensor.ofInts(classes, 3)));
                Golden.loss(loss, of);
                pass.backward(loss);
                for (String name : of.getAsJsonObject("gradients").keySet()) {
                    Parameter factor = lora.model().parameter(here(name));
                    Golden.gradient(requireNonNull(factor.gradient()).toArray(), of, name);
                }
                assertThat(tuning.model().parameters()).allMatch(p -> p.gradient() == null);
                Golden.close(tuning.logits(encoded).toArray(), Golden.floats(of.get("logits")), "logits");
            }
            // two losses in one pass add up, and each scaled one is scaled
            lora.model().zeroGrad();
            try (Pass pass = Pass.grad()) {
                Tensor first = lora.loss(() -> tuning.logits(encoded).crossEntropy(Tensor.ofInts(classes, 3)));
                Tensor other = lora.loss(() -> tuning.logits(encoded)
                        .crossEntropy(Tensor.ofInts(classes, 3))
                        .mul(-3));
                pass.backward(first.mul(4).add(other));
                for (String name : of.getAsJsonObject("gradients").keySet()) {
                    Parameter factor = lora.model().parameter(here(name));
                    Golden.gradient(requireNonNull(factor.gradient()).toArray(), of, name);
                }
            }
        }
    }

    private static Map<String, float[]> values(Model<?> model) {
        return model.parameters().stream()
                .collect(Collectors.toMap(Parameter::name, p -> p.value().toArray()));
    }

    @Test
    void onlyTheAdaptedMatricesAndTheHeadChange() {
        try (HeadTuning tuning = HeadTuning.classifier(Golden.folder("heads-bert"), "no", "yes");
                Lora lora = Lora.of(tuning.model(), 4, 8, 1)) {
            Map<String, float[]> before = values(tuning.model());
            lora.merge();
            assertThat(values(tuning.model())).usingRecursiveComparison().isEqualTo(before); // B is 0
            List<EncodedText> texts = tuning.tokenizer().encode(List.of("anna lives in paris .", "bob sees a dog"));
            Dataset data = Dataset.of(
                    Field.ints("x", Shape.of(1), new int[] {0, 1}).input(),
                    Field.ints("y", Shape.of(), new int[] {1, 0}).target());
            try (data) {
                Step<Lora.Factors> step = (factors, batch) -> {
                    List<EncodedText> some = java.util.Arrays.stream(batch.x().toIntArray())
                            .mapToObj(texts::get)
                            .toList();
                    return new Step.Result(
                            lora.loss(factors, () -> tuning.logits(some).crossEntropy(batch.y())));
                };
                var trainer = Trainer.custom(lora.model(), new AdamW(1e-2f), step);
                double first = requireNonNull(trainer.evaluate(data).get("loss"));
                trainer.fit(data.batches(2), 20);
                assertThat(requireNonNull(trainer.evaluate(data).get("loss"))).isLessThan(first / 2);
            }
            lora.merge();
            values(tuning.model()).forEach((name, now) -> {
                float[] old = requireNonNull(before.get(name));
                if (name.startsWith("head.")) {
                    assertThat(now).as(name).isNotEqualTo(old);
                } else if (name.endsWith("in_proj_weight")) {
                    int n = now.length / 3;
                    for (int part = 0; part < 3; part++) {
                        boolean same =
                                java.util.Arrays.equals(now, part * n, part * n + n, old, part * n, part * n + n);
                        assertThat(same).as(name + " " + part).isEqualTo(part == 1);
                    }
                } else {
                    assertThat(now).as(name).isEqualTo(old);
                }
            });
            Path to = temp.resolve("plain");
            tuning.save(to);
            try (Classifier classifier = Classifier.load(to)) {
                assertThat(classifier.classify("anna lives in paris .").get(0).label())
                        .isEqualTo("yes");
                assertThat(classifier.classify("bob sees a dog").get(0).label()).isEqualTo("no");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama"})
    void decodersAreAdapted(String kind) {
        Path folder = Golden.folder(kind);
        try (Model<CausalNet> model = Pretrained.decoder(folder);
                Lora lora = Lora.of(model, 2, 4, 1, List.of("*.self_attn.*", "*.linear1.weight"), List.of());
                var optimizer = new AdamW(1e-2f).on(lora.model())) {
            assertThat(lora.model().net().matrices()).isNotEmpty();
            for (int step = 0; step < 2; step++) {
                try (Pass pass = Pass.train(new Rng(1))) {
                    pass.backward(lora.loss(() -> model.net()
                            .step(
                                    Tensor.ofInts(new int[] {3, 1, 4}, 1, 3),
                                    model.net().state(1, 3))
                            .output()
                            .square()
                            .mean()));
                    optimizer.step();
                }
            }
            lora.merge();
            Pretrained.save(model, folder, temp.resolve(kind));
            try (Model<CausalNet> again = Pretrained.decoder(temp.resolve(kind))) {
                assertThat(values(again)).usingRecursiveComparison().isEqualTo(values(model));
            }
        }
    }

    @Test
    void whatDoesNotFitIsNamed() {
        try (HeadTuning tuning = HeadTuning.stored(Golden.folder("heads-bert"))) {
            assertThatThrownBy(() -> Lora.of(tuning.model(), 0, 8, 1).close())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("rank");
            assertThatThrownBy(() -> Lora.of(tuning.model(), 4, Float.NaN, 1).close())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("alpha");
            assertThatThrownBy(() -> Lora.of(tuning.model(), 4, 8, 1, List.of("*.query.*"), List.of())
                            .close())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("Lora: [*.query.*] fit none of the matrices [encoder.words.weight, ");
            assertThatThrownBy(() -> Lora.of(tuning.model(), 4, 8, 1, List.of("head.*"), List.of("*.out.weight"))
                            .close())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("head.out.weight fits [head.*] and [*.out.weight]");
        }
    }
}
