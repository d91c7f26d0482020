package dev.fathom.examples;

import dev.fathom.data.*;
import dev.fathom.image.*;
import dev.fathom.nn.*;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.*;
import dev.fathom.view.*;
import java.io.IOException;
import java.nio.file.*;

/**
 * A folder of pictures, one of them damaged; and how far forty of them go when every epoch shows them in another way.
 */
public final class E10Images {
    private static final Augmentation CHANGES =
            Augment.all(Augment.flip(), Augment.rotate(180).extended());

    public static void main(String[] args) throws IOException {
        Path folder = args.length > 0 ? Path.of(args[0]) : Files.createTempDirectory("shapes");
        Shapes.write(folder, 600, 1);
        Files.write(folder.resolve("square/0007.jpg"), new byte[100]);
        var recipe = Preprocessing.of(24, 24).gray();
        try (var pictures = ImageFolder.of(folder, recipe).skipDamaged().read();
                var data = pictures.data().normalizedBy(pictures.data())) {
            System.out.println(data + ": " + pictures.classes());
            pictures.skipped().forEach(why -> System.out.println("skipped " + folder.relativize(Path.of(why))));
            var parts = data.stratified(560, 1);
            System.out.printf("forty as they are     %.1f %% right%n", learned(parts, Augment.all()));
            System.out.printf("the same, augmented   %.1f %% right%n", learned(parts, CHANGES));
            Plots.write(ImageSheet.augmented(data, 4, 7, CHANGES).render(), folder.resolve("changes.png"));
        }
    }

    private static double learned(Dataset.Split parts, Augmentation changes) {
        var net = new Sequential(new Flatten(), new Linear(24 * 24, 128), Tensor::relu, new Linear(128, 2));
        try (var model = Model.of(net, 1)) {
            var trainer =
                    Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f)).metrics(Metric.accuracy());
            trainer.fit(parts.rest().shuffled(1).batches(20).augment(changes), 200);
            return 100 * trainer.evaluate(parts.heldOut()).get("accuracy");
        }
    }
}
