package dev.fathom.labs.similarity;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.features.Pca;
import dev.fathom.tensor.Rng;
import dev.fathom.view.Chart;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.stream.IntStream;

/** Pictures of spaces of images. */
final class Spaces {
    private Spaces() {}

    /** Test images in the plane of the first two principal components. */
    static Chart plane(String name, OneShot space) {
        int[] drawn = new Rng(1).permutation(space.x().length);
        float[][] some =
                IntStream.of(drawn).limit(600).mapToObj(i -> space.x()[i]).toArray(float[][]::new);
        float[][] plane = Pca.fit(some, 2).transform(some);
        Chart chart = new Chart(name, "");
        for (int c = 0; c < space.classes(); c++) {
            int label = c;
            int[] of = IntStream.range(0, some.length)
                    .filter(i -> space.labels()[drawn[i]] == label)
                    .toArray();
            chart.points(
                    Integer.toString(SiameseLab.LEARNED + c),
                    IntStream.of(of).mapToDouble(i -> plane[i][0]).toArray(),
                    IntStream.of(of).mapToDouble(i -> plane[i][1]).toArray());
        }
        return chart;
    }

    /** Some episodes in rows: an image that is asked, and how far the known ones are from it. */
    static ImageSheet episodes(Lab lab, OneShot space, float[][] pixels) {
        ImageSheet sheet = new ImageSheet(28, 28, 1).columns(1 + space.classes());
        for (int e = 0; e < 6; e++) {
            OneShot.Episode one = space.episode(lab.rng("episodes").split(e));
            int asked = one.asked()[e % space.classes()];
            int nearest = space.nearest(one.known(), asked);
            sheet.add(Shades.gray(pixels[asked]), "asked: " + (SiameseLab.LEARNED + space.labels()[asked]));
            for (int k = 0; k < one.known().length; k++) {
                sheet.add(
                        Shades.gray(pixels[one.known()[k]]),
                        line("%.2f%s", space.distance(one.known()[k], asked), k == nearest ? ", nearest" : ""));
            }
        }
        return sheet;
    }
}
