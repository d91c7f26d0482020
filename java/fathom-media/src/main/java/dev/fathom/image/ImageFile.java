package dev.fathom.image;

import com.drew.imaging.ImageProcessingException;
import com.drew.imaging.jpeg.JpegSegmentReader;
import com.drew.imaging.jpeg.JpegSegmentType;
import com.drew.imaging.tiff.TiffReader;
import com.drew.lang.ByteArrayReader;
import com.drew.lang.RandomAccessReader;
import com.drew.lang.StreamReader;
import com.drew.metadata.Directory;
import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifDirectoryBase;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.exif.ExifReader;
import com.drew.metadata.exif.ExifTiffHandler;
import dev.fathom.io.AtomicFile;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Decodes one PNG, JPEG or BMP file to bytes of one size, by ImageIO: the library's only class that needs the JDK's
 * module java.desktop, of which it uses nothing that needs a display. Samples are taken as they are stored: 16 bits are
 * rounded to 8, transparency and color profiles are not looked at. A photograph that its camera marked as rotated
 * (EXIF's orientation, in a JPEG or a PNG) is turned upright, as people see it: training, serving and painting all read
 * files here, so that they see the same. PyTorch's loaders leave that to their users.
 *
 * @param height of the result, upright
 * @param width of the result, upright
 * @param channels 1 for gray, 3 for red, green, blue
 * @param cut which part of the upright image is kept
 */
record ImageFile(int height, int width, int channels, Filter filter, Cut cut) {
    /** 268 million: what claims to be larger is not decoded. */
    private static final long MOST_PIXELS = 1 << 28;
    /**
     * 67 million: beyond, only every second or third row and column is kept, or fewer, until there are
     * {@link #THINNED}.
     */
    private static final long WHOLE_PIXELS = 1 << 26;

    private static final long THINNED = 1 << 24;

    /** A megabyte: more of a chunk of metadata is not read. */
    private static final int MOST_METADATA = 1 << 20;

    /** What a reader of JPEG files notes and then goes on with something made up. */
    private static final Pattern LOST = Pattern.compile("(?i)corrupt|premature|truncated");

    /** It may have enough another time: alone, or with a larger heap. */
    static final String MEMORY = "its pixels need more memory than Java has; start it with a larger -Xmx";

    /** What people have beside, by the first bytes. */
    private static final String[][] OTHERS = {
        {"a GIF", "(?s)GIF8.*"},
        {"WebP", "(?s)RIFF....WEBP"},
        {"HEIC or AVIF", "(?s)....ftyp(hei|hev|mif|msf|avi).*"},
        {"a TIFF", "(?s)(II\\*\0|MM\0\\*).*"}
    };

    private static final String CMYK = "its colors are CMYK or of another kind that is not read; save it as RGB";

    /** A file that is no image, or part of one; the message goes on after its name. */
    static final class Damaged extends Exception {
        private static final long serialVersionUID = 1;

        Damaged(String what, @Nullable Throwable cause) {
            super(what, cause);
        }
    }

    /** Which part of an image of height h and width w becomes the result. */
    @FunctionalInterface
    interface Cut {
        Part of(int h, int w);
    }

    /**
     * What a file shows.
     *
     * @param pixels of the part that was kept, resized and upright
     * @param height of all of it, upright, in its pixels
     * @param width of all of it, upright, in its pixels
     * @param notes what the pixels do not show
     */
    record Decoded(byte[] pixels, int height, int width, List<String> notes) {}

    /** EXIF's number for how the camera was held: 1 upright, 2 to 8 mirrored or turned. */
    private record Orientation(int number) {
        /** Whether rows of the file are seen as columns. */
        boolean turned() {
            return number > 4;
        }

        /** Whether the first row of the file is seen below or at the right. */
        boolean rowsFlipped() {
            return number == 3 || number == 4 || number == 6 || number == 7;
        }

        /** Whether the first column of the file is seen at the right or below. */
        boolean columnsFlipped() {
            return number == 2 || number == 3 || number == 7 || number == 8;
        }

        /** Where a part of the upright image lies in the file's h rows of w pixels. */
        Part stored(Part seen, int h, int w) {
            Part p = turned()
                    ? new Part(
                            /* top= */ seen.left,
                            /* left= */ seen.top,
                            /* height= */ seen.width,
                            /* width= */ seen.height)
                    : seen;
            return new Part(
                    rowsFlipped() ? h - p.top - p.height : p.top,
                    columnsFlipped() ? w - p.left - p.width : p.left,
                    p.height,
                    p.width);
        }

        /** Turns pixels of the file, in rows of {@code width} pixels, upright. */
        byte[] upright(byte[] pixels, int height, int width, int channels) {
            if (number == 1) {
                return pixels;
            }
            byte[] result = new byte[pixels.length];
            int w = turned() ? height : width;
            for (int i = 0; i < height * width; i++) {
                int row = turned() ? i % w : i / w;
                int column = turned() ? i / w : i % w;
                int at = (rowsFlipped() ? height - 1 - row : row) * width
                        + (columnsFlipped() ? width - 1 - column : column);
                System.arraycopy(pixels, channels * at, result, channels * i, channels);
            }
            return result;
        }
    }

    /** A part of an image, in its pixels. */
    record Part(double top, double left, double height, double width) {}

    /** Bytes of an image. */
    int bytes() {
        return height * width * channels;
    }

    /**
     * Reads a file as [height, width, channels].
     *
     * @throws Damaged if it cannot be opened, or is no image that can be read
     */
    Decoded read(Path file) throws Damaged {
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

    /** Reads what a file holds. */
    Decoded read(byte[] file) throws Damaged {
        try {
            return read(new MemoryCacheImageInputStream(new ByteArrayInputStream(file)) {
                @Override
                public long length() {
                    return file.length;
                }
            });
        } catch (IOException e) {
            throw new Damaged("it cannot be read (" + AtomicFile.reason(e) + ")", e);
        }
    }

    private Decoded read(ImageInputStream in) throws IOException, Damaged {
        String format = format(in);
        List<String> notes = new ArrayList<>();
        if (format.equals("PNG") && chunk(in, "acTL").length > 0) {
            notes.add("it moves; this is its first picture");
        }
        Orientation orientation = new Orientation(held(in, format));
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
            ImageReadParam param = reader.getDefaultReadParam();
            if ((long) w * h > WHOLE_PIXELS) {
                int every = (int) Math.ceil(Math.sqrt((double) w * h / THINNED));
                int skip = Math.min(every / 2, Math.min(w, h) - 1);
                param.setSourceSubsampling(every, every, skip, skip);
                notes.add("it has " + w + " x " + h + " pixels; one row and column in " + every + " is read");
            }
            BufferedImage image = reader.read(0, param);
            if (lost[0] != null) {
                throw new Damaged("its " + format + " data are damaged (" + lost[0] + ")", null);
            }
            if (image.getSampleModel().getSampleSize(0) > 8) {
                notes.add("its " + image.getSampleModel().getSampleSize(0) + " bits a channel are rounded to 8");
            }
            boolean turned = orientation.turned();
            return new Decoded(resized(image, orientation), turned ? w : h, turned ? h : w, List.copyOf(notes));
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
        byte[] b = new byte[12];
        int n = Math.max(0, in.read(b));
        in.seek(0);
        if (n == 0) {
            throw new Damaged("it is empty", null);
        }
        if (n >= 4 && b[0] == (byte) 0x89 && b[1] == 'P' && b[2] == 'N' && b[3] == 'G') {
            return "PNG";
        }
        if (n >= 4 && b[0] == (byte) 0xff && b[1] == (byte) 0xd8) {
            return "JPEG";
        }
        if (n >= 4 && b[0] == 'B' && b[1] == 'M') {
            return "BMP";
        }
        String begin = new String(b, 0, n, StandardCharsets.ISO_8859_1);
        for (String[] other : OTHERS) {
            if (begin.matches(other[1])) {
                throw new Damaged("it is " + other[0] + ", which is not read; save it as PNG, JPEG or BMP", null);
            }
        }
        throw new Damaged("it is neither PNG nor JPEG nor BMP", null);
    }

    /**
     * What a PNG's chunk of this name holds, if it comes before the pixels, as every chunk must that is asked for here;
     * nothing if there is none.
     */
    private static byte[] chunk(ImageInputStream in, String wanted) throws IOException {
        try {
            byte[] name = new byte[4];
            for (long at = 8; ; ) {
                in.seek(at);
                long length = in.readInt() & 0xffffffffL;
                in.readFully(name);
                String chunk = new String(name, StandardCharsets.ISO_8859_1);
                if (chunk.equals(wanted)) {
                    byte[] data = new byte[(int) Math.min(length, MOST_METADATA)];
                    in.readFully(data);
                    return data;
                }
                if (chunk.equals("IDAT") || chunk.equals("IEND")) {
                    return new byte[0];
                }
                at += 12 + length;
            }
        } catch (EOFException | IndexOutOfBoundsException e) {
            return new byte[0]; // the reader says what is wrong
        } finally {
            in.seek(0);
        }
    }

    /** EXIF's number for how the camera was held; 1 where none is to be read. */
    private static int held(ImageInputStream in, String format) throws IOException {
        byte[] exif = {};
        int begin = 0;
        try {
            if (format.equals("PNG")) {
                exif = chunk(in, "eXIf");
            } else if (format.equals("JPEG")) {
                var segments =
                        JpegSegmentReader.readSegments(new StreamReader(stream(in)), List.of(JpegSegmentType.APP1));
                for (byte[] segment : segments.getSegments(JpegSegmentType.APP1)) {
                    if (ExifReader.startsWithJpegExifPreamble(segment) && exif.length == 0) {
                        exif = segment;
                        begin = ExifReader.JPEG_SEGMENT_PREAMBLE.length();
                    }
                }
            }
            if (exif.length == 0) {
                return 1;
            }
            Metadata metadata = new Metadata();
            new TiffReader().processTiff(new ByteArrayReader(exif, begin), new FirstDirectory(metadata), 0);
            Directory first = metadata.getFirstDirectoryOfType(ExifIFD0Directory.class);
            Integer number = first == null ? null : first.getInteger(ExifDirectoryBase.TAG_ORIENTATION);
            return number == null || number < 1 || number > 8 ? 1 : number;
        } catch (IOException | ImageProcessingException | RuntimeException e) {
            return 1; // hostile metadata say nothing; what is wrong with the pixels is said by their reader
        } finally {
            in.seek(0);
        }
    }

    /** Reads no further than the directory that tells how the camera was held. */
    private static final class FirstDirectory extends ExifTiffHandler {
        FirstDirectory(Metadata metadata) {
            super(metadata, null, 0);
        }

        @Override
        public boolean tryEnterSubIfd(int tag) {
            return false;
        }

        @Override
        public boolean hasFollowerIfd() {
            return false;
        }

        @Override
        public boolean customProcessTag(
                int offset, Set<Integer> done, int start, RandomAccessReader from, int tag, int bytes) {
            return false;
        }
    }

    private static InputStream stream(ImageInputStream in) {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                return in.read();
            }

            @Override
            public int read(byte[] to, int at, int n) throws IOException {
                return in.read(to, at, n);
            }

            @Override
            public long skip(long n) throws IOException {
                return in.skipBytes(n);
            }
        };
    }

    // ---- pixels

    /** The part that is kept, resized as the file holds it and then turned. */
    private byte[] resized(BufferedImage image, Orientation orientation) throws Damaged {
        boolean turned = orientation.turned();
        int h = image.getHeight();
        int w = image.getWidth();
        Part part = orientation.stored(turned ? cut.of(w, h) : cut.of(h, w), h, w);
        int tall = turned ? width : height;
        int wide = turned ? height : width;
        return orientation.upright(resized(image, part, tall, wide), tall, wide, channels);
    }

    private byte[] resized(BufferedImage image, Part part, int height, int width) throws Damaged {
        int h = image.getHeight();
        int w = image.getWidth();
        Filter.Taps across = filter.taps(w, part.left, part.width, width);
        Filter.Taps down = filter.taps(h, part.top, part.height, height);
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
                to[i * channels + c] =
                        Math.max(0, Math.min(255, Math.round(sum))); // Pillow rounds between its two passes
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
            int colors = model.getNumColorComponents();
            if (!indexed && (colors != 1 && colors != 3 || bands > colors + 1)) {
                throw new Damaged(colors == 4 ? CMYK : "it has " + bands + " channels; save it as gray or RGB", null);
            }
            scale = new float[bands];
            for (int b = 0; b < bands; b++) {
                scale[b] = indexed ? 1 : 255f / ((1 << model.getComponentSize(b)) - 1);
            }
        }

        /** Writes row y; getRGB would convert gray from a linear scale, so that only palettes go through it. */
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
                    boolean gray = bands < 3;
                    r = Math.round(buffer[x * bands] * scale[0]);
                    g = gray ? r : Math.round(buffer[x * bands + 1] * scale[1]);
                    b = gray ? r : Math.round(buffer[x * bands + 2] * scale[2]);
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
