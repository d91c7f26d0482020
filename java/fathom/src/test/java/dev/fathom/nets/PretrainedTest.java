package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Preprocessing;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Networks that others have trained are as good here as where they were published. */
class PretrainedTest {
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
                var test = Dataset.cifar10(data.resolve("cifar10/test_1000.bin.gz"));
                var images = test.normalised(floats(input.mean()), floats(input.deviation()))) {
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
     * The three most probable classes of every photograph, with the probabilities that ONNX Runtime gives after Pillow. Those were computed with a longer
     * side that was rounded, where torchvision, and we, cut the fraction off: where that differs by a pixel, they move by less than a tenth.
     */
    @Test
    void squeezeNetNamesThePhotographs() throws IOException {
        Path data = data("pretrained-imagenet/squeezenet1_1.safetensors", "photos/expected.tsv");
        int rows = 0;
        try (var model = Model.of(SqueezeNet.squeezenet1_1(1000), 1)) {
            model.load(data.resolve("pretrained-imagenet/squeezenet1_1.safetensors"));
            String file = "";
            float[] p = {};
            boolean same = true;
            for (String line : Files.readAllLines(data.resolve("photos/expected.tsv"))) {
                String[] cells = line.split("\t");
                if (!cells[2].equals("squeezenet1_1")) {
                    continue;
                }
                if (!cells[0].equals(file)) {
                    file = cells[0];
                    var photo =
                            Preprocessing.IMAGENET.read(data.resolve("photos").resolve(file));
                    assertThat(photo.notes()).as(file).isEmpty();
                    double side =
                            256.0 * Math.max(photo.height(), photo.width()) / Math.min(photo.height(), photo.width());
                    same = Math.floor(side) == Math.rint(side);
                    try (Pass pass = Pass.infer()) {
                        var x = Preprocessing.IMAGENET.tensor(photo);
                        p = model.net().apply(x).softmax(-1).toArray();
                    }
                }
                int label = Integer.parseInt(cells[4]);
                int better = 0;
                for (float other : p) {
                    better += other > p[label] ? 1 : 0;
                }
                float difference = Math.abs(p[label] - Float.parseFloat(cells[6]));
                assertThat(difference).as(line).isLessThan(same ? 1e-3f : 0.1f);
                if (same || cells[3].equals("1")) {
                    assertThat(better + 1).as(line).isEqualTo(Integer.parseInt(cells[3]));
                }
                rows++;
            }
        }
        assertThat(rows).isEqualTo(36);
    }
}
