package dev.fathom.experiments.data;

import dev.fathom.io.AtomicFile;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;

/** What the stand-ins of several data sets are made of. */
public final class StandIn {
    private StandIn() {}

    /** Writes a text as UTF-8, compressed where the name of the file ends in {@code .gz}. */
    public static void text(Path file, String text) {
        bytes(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes bytes, compressed where the name of the file ends in {@code .gz}. */
    static void bytes(Path file, byte[] bytes) {
        AtomicFile.write(file, raw -> {
            if (file.toString().endsWith(".gz")) {
                GZIPOutputStream out = new GZIPOutputStream(raw);
                out.write(bytes);
                out.finish();
            } else {
                raw.write(bytes);
            }
        });
    }

    /** Writes a picture of ellipses before a sky that grows darker, as PNG or JPEG by the name of the file. */
    public static void picture(Path file, int width, int height) {
        SplittableRandom random =
                new SplittableRandom(file.getFileName().toString().hashCode());
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        for (int y = 0; y < height; y++) {
            g.setColor(Color.getHSBColor(0.6f, 0.5f, 0.9f - 0.5f * y / height));
            g.fillRect(0, y, width, 1);
        }
        for (int i = 0; i < 40; i++) {
            g.setColor(new Color(random.nextInt(1 << 24)));
            int side = height / 20 + random.nextInt(height / 4);
            g.fillOval(random.nextInt(width) - side / 2, random.nextInt(height) - side / 2, side, side * 2 / 3);
        }
        g.dispose();
        String format = file.toString().endsWith(".png") ? "png" : "jpg";
        AtomicFile.write(file, out -> {
            if (!ImageIO.write(image, format, out)) {
                throw new IOException("this Java writes no " + format);
            }
        });
    }

    /** Different words without a meaning, such as {@code balo} and {@code tirenu}. */
    static List<String> words(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Set<String> words = new LinkedHashSet<>();
        while (words.size() < count) {
            StringBuilder word = new StringBuilder();
            for (int i = random.nextInt(1, 5); i > 0; i--) {
                word.append("bcdfghjklmnprstvwz".charAt(random.nextInt(18))).append("aeiou".charAt(random.nextInt(5)));
            }
            if (random.nextInt(3) == 0) {
                word.append("nrlsmt".charAt(random.nextInt(6)));
            }
            words.add(word.toString());
        }
        return new ArrayList<>(words);
    }

    /** A word whose frequency falls with its place in the list, as by the law of Zipf. */
    static String word(List<String> words, SplittableRandom random) {
        return words.get((int) Math.pow(words.size(), random.nextDouble()) - 1);
    }

    /** A sentence of {@link #word}s that begins with a capital and ends with a period. */
    static String sentence(List<String> words, SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(4, 12); i > 0; i--) {
            text.append(text.isEmpty() ? "" : " ").append(word(words, random));
        }
        text.setCharAt(0, Character.toUpperCase(text.charAt(0)));
        return text.append('.').toString();
    }
}
