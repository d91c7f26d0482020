package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnimationTest {
    /** A curve that grows by one point in each frame. */
    private static BufferedImage plot(int points) {
        double[] x = IntStream.rangeClosed(0, points).mapToDouble(i -> i).toArray();
        return Plots.compare("loss", "step", Map.of("sgd", new double[][] {x, Arrays.stream(x).map(Math::sin).toArray()}));
    }

    private static ImageReader reader(byte[] gif) throws IOException {
        ImageReader reader = ImageIO.getImageReadersByFormatName("gif").next();
        reader.setInput(new MemoryCacheImageInputStream(new ByteArrayInputStream(gif)));
        return reader;
    }

    private static IIOMetadataNode node(ImageReader reader, int frame, String name) throws IOException {
        var root = (IIOMetadataNode) reader.getImageMetadata(frame).getAsTree("javax_imageio_gif_image_1.0");
        return (IIOMetadataNode) root.getElementsByTagName(name).item(0);
    }

    @Test
    void everyFrameIsReadBackWithItsTimeAndTheLoop(@TempDir Path folder) throws IOException {
        List<BufferedImage> frames = IntStream.range(1, 5).mapToObj(AnimationTest::plot).toList();
        Animation animation = new Animation(frames, 80, 1500);
        animation.write(folder.resolve("a/growing.gif"));
        byte[] gif = Files.readAllBytes(folder.resolve("a/growing.gif"));
        assertThat(gif).isEqualTo(animation.gif());
        ImageReader reader = reader(gif);
        assertThat(reader.getNumImages(true)).isEqualTo(4);
        for (int i = 0; i < 4; i++) {
            BufferedImage frame = reader.read(i);
            assertThat(frame.getWidth()).isEqualTo(frames.get(i).getWidth());
            assertThat(frame.getHeight()).isEqualTo(frames.get(i).getHeight());
            assertThat(node(reader, i, "GraphicControlExtension").getAttribute("delayTime"))
                    .isEqualTo(i < 3 ? "8" : "150");
            IIOMetadataNode loop = node(reader, i, "ApplicationExtension");
            assertThat(loop.getAttribute("applicationID") + loop.getAttribute("authenticationCode"))
                    .isEqualTo("NETSCAPE2.0");
            assertThat((byte[]) loop.getUserObject()).containsExactly(1, 0, 0);
            assertThat(furthest(frame, frames.get(i))).as("distance of a color").isLessThanOrEqualTo(24);
            assertThat(same(frame, frames.get(i))).as("share of equal pixels").isGreaterThan(0.97);
            int white = PlotsTest.pixels(frames.get(i), Color.WHITE);
            assertThat(PlotsTest.pixels(frame, Color.WHITE)).as("white").isBetween(white, white + white / 100);
        }
    }

    /** A wide field of thousands of shades leaves a thin line its color. */
    @Test
    void aThinLineKeepsItsColorOverManyShades() throws IOException {
        BufferedImage picture = new BufferedImage(300, 200, BufferedImage.TYPE_INT_RGB);
        var g = picture.createGraphics();
        g.setPaint(new GradientPaint(0, 0, new Color(0xf7fbff), 300, 200, new Color(0x08306b)));
        g.fillRect(0, 0, 300, 200);
        for (int x = 0; x < 300; x++) {
            for (int y = 0; y < 200; y++) {
                picture.setRGB(x, y, picture.getRGB(x, y) ^ (x * 7 + y * 13) % 5 * 0x010302);
            }
        }
        g.setColor(Draw.VERMILLION);
        g.drawLine(20, 100, 60, 100);
        g.dispose();
        BufferedImage frame = reader(new Animation(List.of(picture), 100, 100).gif()).read(0);
        assertThat(PlotsTest.pixels(frame, Draw.VERMILLION)).isEqualTo(41);
        assertThat(furthest(frame, picture)).isLessThanOrEqualTo(24);
    }

    @Test
    void badInputIsSaid() {
        BufferedImage small = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
        BufferedImage large = new BufferedImage(3, 4, BufferedImage.TYPE_INT_RGB);
        assertThatThrownBy(() -> new Animation(List.of(), 100, 100)).hasMessage("animation: no frames; give at least one");
        assertThatThrownBy(() -> new Animation(List.of(small, large), 100, 100))
                .hasMessage("animation: a frame of 3 x 4 pixels after one of 3 x 2; draw all of one size");
        for (int wrong : new int[] {-1, 19, 655_351}) {
            String message = "animation: a frame is shown for " + wrong + " ms but must be shown for 20 to 655,350";
            assertThatThrownBy(() -> new Animation(List.of(small), wrong, 100)).hasMessage(message);
            assertThatThrownBy(() -> new Animation(List.of(small), 100, wrong)).hasMessage(message);
        }
    }

    /** The largest difference of a channel of any pixel. */
    private static int furthest(BufferedImage a, BufferedImage b) {
        int most = 0;
        for (int y = 0; y < a.getHeight(); y++) {
            for (int x = 0; x < a.getWidth(); x++) {
                for (int shift = 0; shift <= 16; shift += 8) {
                    most = Math.max(most, Math.abs((a.getRGB(x, y) >> shift & 255) - (b.getRGB(x, y) >> shift & 255)));
                }
            }
        }
        return most;
    }

    private static double same(BufferedImage a, BufferedImage b) {
        int same = 0;
        for (int y = 0; y < a.getHeight(); y++) {
            for (int x = 0; x < a.getWidth(); x++) {
                same += a.getRGB(x, y) == b.getRGB(x, y) ? 1 : 0;
            }
        }
        return (double) same / (a.getWidth() * a.getHeight());
    }
}
