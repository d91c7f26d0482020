package dev.fathom.view;

import dev.fathom.io.AtomicFile;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Pictures that follow each other in time, as an animated GIF that begins again after its end.
 *
 * <p>All frames share one palette of 256 colors, so that nothing flickers. A color that covers an area stays exactly
 * what it is; the shades between two colors, such as those at the edge of a letter, become the nearest color of the
 * palette.
 *
 * @param frames the pictures in their order, all of one size
 * @param milliseconds how long each frame but the last is shown, which a GIF keeps in hundredths of a second
 * @param last how many milliseconds the last frame is shown, so that a person can look at the outcome
 */
public record Animation(List<BufferedImage> frames, int milliseconds, int last) {
    private static final int COLORS = 256;
    /** A cell of colors is a cube whose sides are 8 levels of red, green and blue long. */
    private static final int CELLS = 32 * 32 * 32;

    /**
     * Checks the frames and times.
     *
     * @throws IllegalArgumentException if there are no frames, they are of different sizes, or a time is not from 20 to
     *     655,350
     */
    public Animation {
        frames = List.copyOf(frames);
        if (frames.isEmpty()) {
            throw new IllegalArgumentException("animation: no frames; give at least one");
        }
        BufferedImage first = frames.get(0);
        for (BufferedImage frame : frames) {
            if (frame.getWidth() != first.getWidth() || frame.getHeight() != first.getHeight()) {
                throw new IllegalArgumentException("animation: a frame of " + frame.getWidth() + " x "
                        + frame.getHeight() + " pixels after one of " + first.getWidth() + " x " + first.getHeight()
                        + "; draw all of one size");
            }
        }
        for (int time : new int[] {milliseconds, last}) {
            if (time < 20 || time > 655_350) {
                throw new IllegalArgumentException(
                        "animation: a frame is shown for " + time + " ms but must be shown for 20 to 655,350");
            }
        }
    }

    /** Returns the animation as the bytes of a GIF file. */
    public byte[] gif() {
        Palette palette = new Palette(frames);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.prepareWriteSequence(null);
            for (int i = 0; i < frames.size(); i++) {
                BufferedImage frame = palette.apply(frames.get(i));
                IIOMetadata about = writer.getDefaultImageMetadata(new ImageTypeSpecifier(frame), null);
                describe(about, i < frames.size() - 1 ? milliseconds : last);
                writer.writeToSequence(new IIOImage(frame, null, about), null);
            }
            writer.endWriteSequence();
        } catch (IOException e) {
            throw new UncheckedIOException("gif: " + e.getMessage(), e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /**
     * Writes the animation as a GIF file, whole or not at all; missing folders are made.
     *
     * @throws UncheckedIOException when the file cannot be written, with the reason in one sentence
     */
    public void write(Path file) {
        byte[] bytes = gif();
        AtomicFile.write(file, out -> out.write(bytes));
    }

    /**
     * Says how long a frame is shown, and that the animation is repeated without end, which browsers expect as an
     * extension named by Netscape.
     */
    private static void describe(IIOMetadata about, int milliseconds) throws IOException {
        String format = about.getNativeMetadataFormatName();
        IIOMetadataNode root = (IIOMetadataNode) about.getAsTree(format);
        IIOMetadataNode control = (IIOMetadataNode)
                root.getElementsByTagName("GraphicControlExtension").item(0);
        control.setAttribute("disposalMethod", "none");
        control.setAttribute("delayTime", Integer.toString(milliseconds / 10));
        IIOMetadataNode repeat = new IIOMetadataNode("ApplicationExtension");
        repeat.setAttribute("applicationID", "NETSCAPE");
        repeat.setAttribute("authenticationCode", "2.0");
        repeat.setUserObject(new byte[] {1, 0, 0});
        IIOMetadataNode extensions = new IIOMetadataNode("ApplicationExtensions");
        extensions.appendChild(repeat);
        root.appendChild(extensions);
        about.setFromTree(format, root);
    }

    /**
     * The colors of an animation. Each cell of the colors that occur has one color, that of most of its pixels. The
     * palette begins with the most frequent color, and takes the color whose distance from the nearest one before,
     * weighted by how frequent it is, is largest: a thin line in a color of its own has its place beside wide areas of
     * many shades.
     */
    private static final class Palette {
        private final int[] colors = new int[CELLS];
        private final byte[] nearest = new byte[CELLS];
        private final IndexColorModel model;

        Palette(List<BufferedImage> frames) {
            int[] counts = new int[CELLS];
            int[] lead = new int[CELLS]; // the vote of Boyer and Moore (1991) finds a majority in one sweep
            for (BufferedImage frame : frames) {
                for (int rgb : pixels(frame)) {
                    int cell = cell(rgb);
                    counts[cell]++;
                    if (lead[cell] == 0) {
                        colors[cell] = rgb;
                    }
                    lead[cell] += colors[cell] == rgb ? 1 : -1;
                }
            }
            int[] cells = IntStream.range(0, CELLS).filter(c -> counts[c] > 0).toArray();
            int[] distances = new int[CELLS];
            Arrays.fill(distances, Integer.MAX_VALUE);
            int[] palette = new int[Math.min(COLORS, cells.length)];
            for (int i = 0; i < palette.length; i++) {
                int next = cells[0];
                for (int cell : cells) {
                    if (Math.sqrt(counts[cell]) * distances[cell] > Math.sqrt(counts[next]) * distances[next]) {
                        next = cell;
                    }
                }
                palette[i] = colors[next];
                for (int cell : cells) {
                    int distance = distance(colors[cell], palette[i]);
                    if (distance < distances[cell]) {
                        distances[cell] = distance;
                        nearest[cell] = (byte) i;
                    }
                }
            }
            model = new IndexColorModel(8, palette.length, palette, 0, false, -1, DataBuffer.TYPE_BYTE);
        }

        BufferedImage apply(BufferedImage frame) {
            BufferedImage indexed =
                    new BufferedImage(frame.getWidth(), frame.getHeight(), BufferedImage.TYPE_BYTE_INDEXED, model);
            int[] pixels = pixels(frame);
            byte[] indices = new byte[pixels.length];
            for (int i = 0; i < pixels.length; i++) {
                indices[i] = nearest[cell(pixels[i])];
            }
            indexed.getRaster().setDataElements(0, 0, frame.getWidth(), frame.getHeight(), indices);
            return indexed;
        }

        private static int[] pixels(BufferedImage frame) {
            return frame.getRGB(0, 0, frame.getWidth(), frame.getHeight(), null, 0, frame.getWidth());
        }

        private static int cell(int rgb) {
            return (rgb >> 19 & 31) << 10 | (rgb >> 11 & 31) << 5 | rgb >> 3 & 31;
        }

        private static int distance(int a, int b) {
            int red = (a >> 16 & 255) - (b >> 16 & 255);
            int green = (a >> 8 & 255) - (b >> 8 & 255);
            int blue = (a & 255) - (b & 255);
            return red * red + green * green + blue * blue;
        }
    }
}
