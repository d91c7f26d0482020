package dev.fathom.examples;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;

/** Pictures of triangles and squares, turned any way, in a folder for each. */
final class Shapes {
    private Shapes() {}

    static void write(Path folder, int n, long seed) throws IOException {
        Random random = new Random(seed);
        for (int i = 0; i < n; i++) {
            String name = i % 2 == 0 ? "square" : "triangle";
            Path file = Files.createDirectories(folder.resolve(name)).resolve(String.format("%04d.png", i));
            ImageIO.write(picture(i % 2 == 0 ? 4 : 3, random), "png", file.toFile());
        }
    }

    private static BufferedImage picture(int corners, Random random) {
        BufferedImage image = new BufferedImage(56, 48, BufferedImage.TYPE_INT_RGB);
        var pen = image.createGraphics();
        double turn = random.nextDouble() * 2 * Math.PI;
        double radius = 13 + 5 * random.nextDouble();
        int[] x = new int[corners];
        int[] y = new int[corners];
        for (int i = 0; i < corners; i++) {
            x[i] = (int) Math.round(26 + random.nextInt(5) + radius * Math.cos(turn + 2 * Math.PI * i / corners));
            y[i] = (int) Math.round(22 + random.nextInt(5) + radius * Math.sin(turn + 2 * Math.PI * i / corners));
        }
        pen.setColor(new Color(150 + random.nextInt(106), 150 + random.nextInt(106), 150 + random.nextInt(106)));
        pen.fillPolygon(x, y, corners);
        pen.dispose();
        return image;
    }
}
