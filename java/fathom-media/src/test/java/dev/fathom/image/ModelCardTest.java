package dev.fathom.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.io.Safetensors;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a file of weights says of itself is read as it was written, and whatever else stands there is a sentence. */
class ModelCardTest {
    private static final ModelCard CARD = new ModelCard(
            "resnet18",
            new Preprocessing(
                    64,
                    64,
                    3,
                    new Preprocessing.Fit.Shorter(73),
                    Filter.BICUBIC,
                    List.of(0.1f, 1e-8f, -0.25f),
                    List.of(1f, 0.333333343f, 2e7f)),
            List.of("ant", "bee, <wild>", "Käfer"));

    @TempDir
    Path temp;

    @Test
    void whatIsWrittenIsReadAndTheWeightsLoadAsEver() {
        Path file = temp.resolve("net.safetensors");
        try (var model = Model.of(new Linear(4, 3), 1);
                var other = Model.of(new Linear(4, 3), 2)) {
            model.save(file, CARD.metadata());
            assertThat(ModelCard.read(file)).isEqualTo(CARD);
            other.load(file);
            assertThat(other.parameter("weight").value().toArray())
                    .isEqualTo(model.parameter("weight").value().toArray());
        }
        try (var weights = Safetensors.read(file)) {
            assertThat(weights.metadata())
                    .containsEntry("fathom.network", "resnet18")
                    .containsEntry("fathom.classes", "ant\nbee, <wild>\nKäfer")
                    .containsKey("fathom.preprocessing");
        }
    }

    private void assertRefused(Map<String, String> metadata, String sentence) {
        Path file = temp.resolve("bad.safetensors");
        try (var model = Model.of(new Linear(4, 3), 1)) {
            model.save(file, metadata);
        }
        assertThatThrownBy(() -> ModelCard.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(file + ": " + sentence);
    }

    private static Map<String, String> with(String key, String text) {
        Map<String, String> texts = new LinkedHashMap<>(CARD.metadata());
        texts.put(key, text);
        return texts;
    }

    @Test
    void whatIsMissingOrHostileIsASentence() {
        for (String key : CARD.metadata().keySet()) {
            Map<String, String> texts = new LinkedHashMap<>(CARD.metadata());
            texts.remove(key);
            assertRefused(
                    texts,
                    "its metadata have no " + key
                            + ", which says how the weights are used; save them with model.save(file, card.metadata())");
        }
        String good = CARD.metadata().get("fathom.preprocessing");
        Map<String, String> faults = new LinkedHashMap<>();
        faults.put("", "\"\" is no name=value, or is there twice");
        faults.put(good + " fit=1", "\"fit=1\" is no name=value, or is there twice");
        faults.put("fit=1", "it has [fit] and not size, fit, filter, mean, deviation");
        faults.put(good.replace("bicubic", "magic"), "there is no filter \"magic\"");
        faults.put(good.replace("size=64", "size=-64"), "\"-64\" is no number of pixels");
        faults.put(good.replace("size=64", "size=99999999999"), "\"99999999999\" is no number of pixels");
        faults.put(
                good.replace("size=64", "size=74"),
                "preprocessing: 74 x 64 pixels cannot be cut out of a shorter side of 73; give one of at least 74 and at"
                        + " most 16384");
        faults.put(good.replace("64x64x3", "64x3"), "\"64x3\" is no height, width and channels");
        faults.put(good.replace("mean=0.1", "mean=x"), "\"x\" is no number");
        faults.put(good.replace("mean=0.1", "mean=NaN"), "\"NaN\" is not finite");
        faults.put(good.replace("mean=0.1", "mean=Infinity"), "\"Infinity\" is not finite");
        faults.forEach((text, fault) -> assertRefused(
                with("fathom.preprocessing", text),
                "fathom.preprocessing in its metadata is damaged (" + fault
                        + "); save the weights again with model.save(file, card.metadata())"));
        assertRefused(
                with("fathom.network", "../../etc\u001b[2J"),
                "its metadata are damaged (model card: the network \"../../etc?[2J\" is no name; give one such as "
                        + "resnet18); "
                        + "save the weights again with model.save(file, card.metadata())");
        assertRefused(
                with("fathom.classes", "one"),
                "its metadata are damaged (model card: 1 classes; give the names of 2 to 1000000); "
                        + "save the weights again with model.save(file, card.metadata())");
        assertRefused(
                with("fathom.classes", "one\n\u001b[31mtwo"),
                "its metadata are damaged (model card: the class \"?[31mtwo\" is empty or has control characters; "
                        + "give each class "
                        + "a name of one line); save the weights again with model.save(file, card.metadata())");
        assertThatThrownBy(() -> new ModelCard("x", Preprocessing.IMAGENET, Collections.nCopies(2, " ")))
                .hasMessageStartingWith("model card: the class \" \" is empty");
    }
}
