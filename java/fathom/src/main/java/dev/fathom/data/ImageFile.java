package dev.fathom.data;

import dev.fathom.io.AtomicFile;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Decodes one PNG, JPEG or BMP file to bytes of one size, by ImageIO: the library's only class that needs the JDK's module java.desktop, of which it
 * uses nothing that needs a display. Samples are taken as they are stored: 16 bits are rounded to 8, transparency, colour profiles and EXIF's
 * orientation are not looked at, as PyTorch's loaders do it by default.
 *
 * @param channels 1 for grey, 3 for red, green, blue
 * @param stretched whether the whole image is made to fit, or its largest part of the right proportions
 */
record ImageFile(int height, int width, int channels, Filter filter, boolean stretched) {
    /** 67 million: what claims to be larger is not decoded. */
    private static final long MOST_PIXELS = 1 << 26;

    /** What a reader of JPEG files notes and then goes on with something made up. */
    private static final Pattern LOST = Pattern.compile("(?i)corrupt|premature|truncated");

    /** It may have enough another time: alone, or with a larger heap. */
    static final String MEMORY = "its pixels need more memory than Java has; start it with a larger -Xmx";

    private static final String CMYK = "its colours are CMYK or of another kind that is not read; save it as RGB";

    /** A file that is no image, or part of one; the message goes on after its name. */
    static final class Damaged extends Exception {
        private static final long serialVersionUID = 1;

        Damaged(String what, @Nullable Throwable cause) {
            super(what, cause);
        }
    }

    /** Bytes of an image. */
    int bytes() {
        return height * width * channels;
    }

    /**
     * Reads a file as [height, width, channels].
     *
     * @throws Damaged if it cannot be opened, or is no image that can be read
     */
    byte[] read(Path file) throws Damaged {
        // by its path: a name that this locale cannot spell is lost on its way through java.io.File
        try (InputStream bytes = Files.newInputStream(file)) {
            long size = Files.size(file);
            return read(new MemoryCacheImageInputStream(bytes) {
                @Override
                public long length() {
                    return size;
                }
            });
        } catch (IOException e) {
            throw new Damaged("it cannot be read (" + AtomicFile.reason(e) + ")", e);
        }
    }

    private byte[] read(ImageInputStream in) throws IOException, Damaged {
        String format = format(in);
        ImageReader reader = ImageIO.getImageReadersByFormatName(format).next();
        try {
            reader.setInput(in, true, true);
            String[] lost = new String[1];
            reader.addIIOReadWarningListener((source, warning) -> {
                if (lost[0] == null && LOST.matcher(warning).find()) {
                    lost[0] = warning;
                }
            });
            int w = reader.getWidth(0);
            int h = reader.getHeight(0);
            if ((long) w * h > MOST_PIXELS) {
                throw new Damaged(
                        "it has " + w + " x " + h + " pixels, more than the " + MOST_PIXELS + " that are read", null);
            }
            BufferedImage image = reader.read(0);
            if (lost[0] != null) {
                throw new Damaged("its " + format + " data are damaged (" + lost[0] + ")", null);
            }
            return resized(image);
        } catch (IOException | RuntimeException | OutOfMemoryError e) { // hostile files make readers throw anything
            for (Throwable t = e; t != null; t = t.getCause()) {
                if (t instanceof OutOfMemoryError) {
                    throw new Damaged(MEMORY, e);
                }
            }
            if ("Unsupported Image Type".equals(e.getMessage())) {
                throw new Damaged(CMYK, e);
            }
            throw new Damaged("its " + format + " data are damaged (" + reason(e) + ")", e);
        } finally {
            reader.dispose();
        }
    }

    private static String reason(Throwable e) {
        String message = e.getMessage();
        return message == null || message.isBlank() ? e.getClass().getSimpleName() : message.strip();
    }

    /** What the first bytes say. */
    private static String format(ImageInputStream in) throws IOException, Damaged {
        byte[] b = new byte[4];
        int n = Math.max(0, in.read(b));
        in.seek(0);
        if (n == 0) {
            throw new Damaged("it is empty", null);
        }
        if (n == 4 && b[0] == (byte) 0x89 && b[1] == 'P' && b[2] == 'N' && b[3] == 'G') {
            return "PNG";
        }
        if (n == 4 && b[0] == (byte) 0xff && b[1] == (byte) 0xd8) {
            return "JPEG";
        }
        if (n == 4 && b[0] == 'B' && b[1] == 'M') {
            return "BMP";
        }
        throw new Damaged("it is neither PNG nor JPEG nor BMP", null);
    }

    // ---- pixels

    private byte[] resized(BufferedImage image) throws Damaged {
        int h = image.getHeight();
        int w = image.getWidth();
        // the part of the image that becomes the result
        double partH = h;
        double partW = w;
        if (!stretched) {
            double scale = Math.max((double) height / h, (double) width / w);
            partH = height / scale;
            partW = width / scale;
        }
        Filter.Taps across = filter.taps(w, (w - partW) / 2, partW, width);
        Filter.Taps down = filter.taps(h, (h - partH) / 2, partH, height);
        Samples samples = new Samples(image, channels);
        float[] row = new float[w * channels];
        float[] narrow = new float[width * channels];
        float[][] sums = new float[height][width * channels];
        // each row of the image in turn, for the rows of the result that it is part of
        int first = 0;
        for (int y = down.first()[0]; first < height; y++) {
            samples.row(y, row);
            line(row, channels, across, narrow);
            for (int i = first; i < height && down.first()[i] <= y; i++) {
                float weight = down.weights()[i][y - down.first()[i]];
                for (int j = 0; j < narrow.length; j++) {
                    sums[i][j] += weight * narrow[j];
                }
            }
            while (first < height && down.first()[first] + down.weights()[first].length <= y + 1) {
                first++;
            }
        }
        byte[] result = new byte[bytes()];
        for (int i = 0; i < result.length; i++) {
            float sum = sums[i / narrow.length][i % narrow.length];
            result[i] = (byte) Math.max(0, Math.min(255, Math.round(sum)));
        }
        return result;
    }

    private static void line(float[] from, int channels, Filter.Taps taps, float[] to) {
        for (int i = 0; i < taps.first().length; i++) {
            float[] weights = taps.weights()[i];
            for (int c = 0; c < channels; c++) {
                float sum = 0;
                for (int k = 0; k < weights.length; k++) {
                    sum += weights[k] * from[(taps.first()[i] + k) * channels + c];
                }
                to[i * channels + c] = sum;
            }
        }
    }

    /** The rows of an image as numbers of 0 to 255. */
    private static final class Samples {
        private final BufferedImage image;
        private final Raster raster;
        private final int channels;
        private final int bands;
        private final boolean indexed;
        private final float[] scale;
        private int[] buffer = new int[0];

        Samples(BufferedImage image, int channels) throws Damaged {
            this.image = image;
            this.channels = channels;
            raster = image.getRaster();
            ColorModel model = image.getColorModel();
            indexed = model instanceof IndexColorModel;
            bands = indexed ? 3 : raster.getNumBands();
            int colours = model.getNumColorComponents();
            if (!indexed && (colours != 1 && colours != 3 || bands > colours + 1)) {
                throw new Damaged(colours == 4 ? CMYK : "it has " + bands + " channels; save it as grey or RGB", null);
            }
            scale = new float[bands];
            for (int b = 0; b < bands; b++) {
                scale[b] = indexed ? 1 : 255f / ((1 << model.getComponentSize(b)) - 1);
            }
        }

        /** Writes row y; getRGB would convert grey from a linear scale, so that only palettes go through it. */
        void row(int y, float[] to) {
            int w = image.getWidth();
            if (indexed) {
                buffer = image.getRGB(0, y, w, 1, null, 0, w);
            } else {
                buffer = raster.getPixels(0, y, w, 1, buffer.length == w * bands ? buffer : (int[]) null);
            }
            for (int x = 0; x < w; x++) {
                float r;
                float g;
                float b;
                if (indexed) {
                    r = buffer[x] >> 16 & 0xff;
                    g = buffer[x] >> 8 & 0xff;
                    b = buffer[x] & 0xff;
                } else {
                    boolean grey = bands < 3;
                    r = Math.round(buffer[x * bands] * scale[0]);
                    g = grey ? r : Math.round(buffer[x * bands + 1] * scale[1]);
                    b = grey ? r : Math.round(buffer[x * bands + 2] * scale[2]);
                }
                if (channels == 1) {
                    // ITU-R BT.601
                    to[x] = r == g && g == b ? r : 0.299f * r + 0.587f * g + 0.114f * b;
                } else {
                    to[3 * x] = r;
                    to[3 * x + 1] = g;
                    to[3 * x + 2] = b;
                }
            }
        }
    }
}
