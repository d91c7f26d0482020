package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.data.Batches;
import dev.fathom.image.Cifar;
import dev.fathom.image.Preprocessing;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Networks that others have trained are as good here as where they were published. */
class PretrainedTest {
    /**
     * Whose {@code expected.tsv} was made with a row or column more, or cut out a row or column beside torchvision's.
     */
    private static final Set<String> OTHER_SIZES =
            Set.of("cat_train_0.png", "dragonfly.png", "pets.jpg", "sunflower.png", "hawk_cropped.jpg", "flamingo.jpg");

    private static Path data(String... needed) {
        String data = System.getenv("FATHOM_DATA");
        for (String file : needed) {
            assumeTrue(
                    data != null && Files.exists(Path.of(data, file)),
                    "published weights are not tested: FATHOM_DATA has no " + file);
        }
        return Path.of(String.valueOf(data));
    }

    private static float[] floats(List<Float> values) {
        return new float[] {values.get(0), values.get(1), values.get(2)};
    }

    /** 91.73 % on all 10,000 images of the test; these are the first thousand. */
    @Test
    void resNet20IsRightOf915InAThousand() {
        Path data = data("pretrained-cifar10/resnet20.safetensors", "cifar10/test_1000.bin.gz");
        Preprocessing input = Preprocessing.IMAGENET;
        try (var model = Model.of(new CifarResNet(3, 10), 1);
                var test = Cifar.ten(data.resolve("cifar10/test_1000.bin.gz"));
                var images = test.normalized(floats(input.mean()), floats(input.deviation()))) {
            model.load(data.resolve("pretrained-cifar10/resnet20.safetensors"));
            int right = 0;
            Batches.Epoch epoch = images.batches(100).epoch(0);
            for (int i = 0; i < 10; i++) {
                try (Pass pass = Pass.infer()) {
                    int[] said = model.net().apply(epoch.next().x()).argmax(-1).toIntArray();
                    for (int k = 0; k < said.length; k++) {
                        right += said[k] == images.label(100 * i + k) ? 1 : 0;
                    }
                }
            }
            assertThat(right).isEqualTo(915);
        }
    }

    /**
     * The three most probable classes of every photograph, with the probabilities that ONNX Runtime gives after Pillow
     * at torchvision's sizes. The README of the goldens says which of the files {@code expected.tsv} beside the
     * photographs was made with other sizes for.
     */
    @Test
    void squeezeNetNamesThePhotographs() throws IOException {
        Path data = data(
                "pretrained-imagenet/squeezenet1_1.safetensors",
                "photos/expected.tsv",
                "islr/book_images/expected.tsv");
        Map<String, float[]> said = new LinkedHashMap<>();
        int rows = 0;
        try (var model = Model.of(SqueezeNet.squeezenet1_1(1000), 1)) {
            model.load(data.resolve("pretrained-imagenet/squeezenet1_1.safetensors"));
            for (String line : lines(Path.of(System.getProperty("fathom.root"), "test-data/goldens/photographs.tsv"))) {
                String[] cells = line.split("\t");
                float[] p = said.computeIfAbsent(cells[0], file -> probabilities(model, data.resolve(file)));
                requireClose(line, p, Integer.parseInt(cells[1]), 1 + rows % 3, Float.parseFloat(cells[2]));
                rows++;
            }
        }
        assertThat(rows).isEqualTo(3 * 17);

        // where the sizes agree, what came with the photographs says the same
        int same = 0;
        for (String folder : List.of("photos", "islr/book_images")) {
            for (String line : lines(data.resolve(folder).resolve("expected.tsv"))) {
                String[] cells = line.split("\t");
                if (cells[2].equals("squeezenet1_1") && !OTHER_SIZES.contains(cells[0])) {
                    float[] p = said.get(folder + "/" + cells[0]);
                    requireClose(
                            line,
                            p,
                            Integer.parseInt(cells[4]),
                            Integer.parseInt(cells[3]),
                            Float.parseFloat(cells[6]));
                    same++;
                }
            }
        }
        assertThat(same).isEqualTo(3 * (17 - OTHER_SIZES.size()));
    }

    private static List<String> lines(Path file) throws IOException {
        List<String> all = Files.readAllLines(file);
        return all.subList(1, all.size());
    }

    private static float[] probabilities(Model<? extends Layer> model, Path file) {
        var photo = Preprocessing.IMAGENET.read(file);
        assertThat(photo.notes()).as(file.toString()).isEmpty();
        try (Pass pass = Pass.infer()) {
            return model.net()
                    .apply(Preprocessing.IMAGENET.tensor(photo))
                    .softmax(-1)
                    .toArray();
        }
    }

    private static void requireClose(String line, float[] p, int label, int rank, float probability) {
        int better = 0;
        for (float other : p) {
            better += other > p[label] ? 1 : 0;
        }
        assertThat(p[label]).as(line).isCloseTo(probability, within(1e-3f));
        assertThat(better + 1).as(line).isEqualTo(rank);
    }
}
