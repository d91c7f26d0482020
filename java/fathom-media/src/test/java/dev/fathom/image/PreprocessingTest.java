package dev.fathom.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.ZipFile;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A photograph becomes what the network was trained with, or a sentence says why not, or what is not as the file has
 * it.
 */
class PreprocessingTest {
    @TempDir
    Path temp;

    private static byte[] encoded(BufferedImage image, String format) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(ImageIO.write(image, format, out)).isTrue();
        return out.toByteArray();
    }

    /** Red counts the columns, green the rows. */
    private static byte[] ramps(int h, int w) throws IOException {
        BufferedImage image = new BufferedImage(w, h, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < h * w; i++) {
            image.setRGB(i % w, i / w, (i % w & 0xff) << 16 | (i / w & 0xff) << 8);
        }
        return encoded(image, "png");
    }

    private static int[] corners(byte[] pixels, int side) {
        int last = 3 * (side * side - 1);
        return new int[] {pixels[0] & 0xff, pixels[1] & 0xff, pixels[last] & 0xff, pixels[last + 1] & 0xff};
    }

    @Test
    void theMiddleIsCut() throws IOException {
        Preprocessing small = Preprocessing.IMAGENET.size(8, 8).shorter(16);
        // as it is: from row 4 and column (21 - 8) / 2 = 6.5, which rounds to 6
        assertThat(corners(small.read(ramps(16, 21), "a").pixels(), 8)).containsExactly(6, 4, 13, 11);
        assertThat(corners(small.read(ramps(23, 16), "a").pixels(), 8)).containsExactly(4, 8, 11, 15);
        // half of it: 33 columns become 16 (floor), each wider than 2
        assertThat(corners(small.filter(Filter.NEAREST).read(ramps(32, 33), "a").pixels(), 8))
                .containsExactly(9, 9, 23, 23);
    }

    /** Each corner in its own color, as a camera wrote it, is where people see it. */
    @Test
    void photographsAreTurnedUpright() throws IOException {
        BufferedImage image = new BufferedImage(48, 32, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 32 * 48; i++) {
            image.setRGB(
                    i % 48,
                    i / 48,
                    i / 48 < 16 ? i % 48 < 24 ? 0xff0000 : 0x00ff00 : i % 48 < 24 ? 0x0000ff : 0xffffff);
        }
        byte[] jpeg = encoded(image, "jpeg");
        // the corners above left, above right, below left, below right of the file: red, green, blue, white
        String[] seen = {"rgbw", "grwb", "wbgr", "bwrg", "rbgw", "brwg", "wgbr", "gwrb"};
        Preprocessing recipe = Preprocessing.IMAGENET.size(32, 32).shorter(32);
        for (int orientation = 1; orientation <= 8; orientation++) {
            for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
                var photo = recipe.read(exif(jpeg, order, orientation), "a");
                StringBuilder corners = new StringBuilder();
                for (int at : new int[] {3 * 33, 3 * 62, 3 * (30 * 32 + 1), 3 * (30 * 32 + 30)}) {
                    boolean red = photo.pixels()[at] < 0;
                    boolean green = photo.pixels()[at + 1] < 0;
                    corners.append(red && green ? 'w' : red ? 'r' : green ? 'g' : 'b');
                }
                assertThat(corners.toString()).as("%d %s", orientation, order).isEqualTo(seen[orientation - 1]);
                assertThat(photo.height()).isEqualTo(orientation > 4 ? 48 : 32);
            }
        }
        byte[] upright = recipe.read(jpeg, "a").pixels();
        assertThat(recipe.read(exif(jpeg, ByteOrder.BIG_ENDIAN, 9), "a").pixels())
                .isEqualTo(upright);
        int[][] damages = {{12, 'X'}, {21, 0}, {15, 1}}; // the order of bytes, no tags, no TIFF
        for (int[] damage : damages) {
            byte[] damaged = exif(jpeg, ByteOrder.BIG_ENDIAN, 6);
            damaged[damage[0]] = (byte) damage[1];
            assertThat(recipe.read(damaged, "a").pixels())
                    .as("byte %d", damage[0])
                    .isEqualTo(upright);
        }
    }

    /** A whole picture keeps its proportions, and turned by its camera its height and width change places. */
    @Test
    void wholePicturesAreReadUpright() throws IOException {
        BufferedImage image = new BufferedImage(48, 32, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 32 * 48; i++) {
            image.setRGB(i % 48, i / 48, i % 48 < 24 ? i / 48 < 16 ? 0xff0000 : 0x0000ff : 0xffffff);
        }
        Path file = temp.resolve("turned.jpg");
        // where the red corner of the file, above left, is seen: the row and the column, 0 for the first and 1 for the
        // last
        int[][] seen = {{0, 0}, {0, 1}, {1, 1}, {1, 0}, {0, 0}, {0, 1}, {1, 1}, {1, 0}};
        for (int orientation = 1; orientation <= 8; orientation++) {
            Files.write(file, exif(encoded(image, "jpeg"), ByteOrder.BIG_ENDIAN, orientation));
            Picture picture = Picture.read(file, 24);
            boolean turned = orientation > 4;
            assertThat(List.of(picture.height(), picture.width()))
                    .isEqualTo(turned ? List.of(24, 16) : List.of(16, 24));
            int row = seen[orientation - 1][0] * (picture.height() - 1);
            int column = seen[orientation - 1][1] * (picture.width() - 1);
            int at = 3 * (row * picture.width() + column);
            assertThat(picture.pixels()[at] & 0xff)
                    .as("orientation %d", orientation)
                    .isGreaterThan(200);
            assertThat(picture.pixels()[at + 2] & 0xff)
                    .as("orientation %d", orientation)
                    .isLessThan(60);
        }
        try (Pass pass = Pass.infer()) {
            Picture picture = Picture.read(file, 48);
            assertThat(picture.tensor().shape()).isEqualTo(Shape.of(1, 48, 32, 3));
            assertThat(Picture.of(picture.tensor()).pixels()).isEqualTo(picture.pixels());
            assertThat(Picture.of(picture.tensor().mul(4).sub(1)).pixels()).contains((byte) 0, (byte) 255);
            assertThatThrownBy(() -> Picture.of(picture.tensor().slice(3, 0, 1)))
                    .hasMessage("picture: x [1, 48, 32, 1] must be [1, height, width, 3]");
        }
        assertThatThrownBy(() -> Picture.read(temp.resolve("none.png"), 10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none.png: it cannot be read");
        assertThatThrownBy(() -> Picture.read(file, 0)).hasMessage("picture: longer=0 must be in 1 to 16384");
        assertThatThrownBy(() -> new Picture(new byte[5], 1, 2))
                .hasMessage("picture: 5 bytes where [1, 2, 3] has 6; give red, green and blue of every pixel");
    }

    /** EXIF 2.3, tag 274: where row 0 and column 0 of the file are seen, for the orientations from 1 on. */
    private static final String[] SIDES = {"TL", "TR", "BR", "BL", "LT", "RT", "RB", "LB"};

    /** What a file with this orientation holds of an image that is seen upright. */
    private static BufferedImage stored(BufferedImage seen, int orientation) {
        int h = seen.getHeight();
        int w = seen.getWidth();
        String sides = SIDES[orientation - 1];
        boolean turned = orientation > 4;
        BufferedImage file = new BufferedImage(turned ? h : w, turned ? w : h, BufferedImage.TYPE_INT_RGB);
        for (int row = 0; row < file.getHeight(); row++) {
            for (int column = 0; column < file.getWidth(); column++) {
                int y = 0;
                int x = 0;
                for (int k = 0; k < 2; k++) {
                    int at = k == 0 ? row : column;
                    switch (sides.charAt(k)) {
                        case 'T' -> y = at;
                        case 'B' -> y = h - 1 - at;
                        case 'L' -> x = at;
                        default -> x = w - 1 - at;
                    }
                }
                file.setRGB(column, row, seen.getRGB(x, y));
            }
        }
        return file;
    }

    /** What was learned upright is served upright: all readers turn a photograph in the same way. */
    @Test
    void trainingAndServingSeePhotographsUpright() throws IOException {
        int h = 8;
        int w = 12;
        BufferedImage seen = new BufferedImage(w, h, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < h * w; i++) {
            seen.setRGB(i % w, i / w, 0x102030 + 0x20001 * i);
        }
        byte[] whole = new byte[3 * h * w];
        byte[] middle = new byte[3 * h * h];
        for (int i = 0; i < whole.length; i++) {
            whole[i] = (byte) (seen.getRGB(i / 3 % w, i / 3 / w) >> 16 - 8 * (i % 3));
            int x = i / 3 % w - 2;
            if (x >= 0 && x < h) {
                middle[3 * (i / 3 / w * h + x) + i % 3] = whole[i];
            }
        }
        Preprocessing serving = Preprocessing.IMAGENET.size(h, h).shorter(h);
        for (int orientation = 1; orientation <= 8; orientation++) {
            byte[] png = encoded(stored(seen, orientation), "png");
            byte[] file = Arrays.copyOf(png, 33); // behind its header, which is the first chunk
            ByteBuffer chunk = ByteBuffer.allocate(100);
            chunk(chunk, "eXIf", tiff(ByteOrder.BIG_ENDIAN, orientation));
            file = joined(
                    file, Arrays.copyOf(chunk.array(), chunk.position()), Arrays.copyOfRange(png, 33, png.length));
            Path folder = Files.createDirectories(temp.resolve("as" + orientation));
            Path path = Files.write(Files.createDirectories(folder.resolve("a")).resolve("0.png"), file);
            for (Preprocessing recipe :
                    List.of(Preprocessing.of(h, w), Preprocessing.of(h, w).stretched(), Preprocessing.of(h, h))) {
                byte[] expected = recipe.width() == w ? whole : middle;
                try (ImageFolder.Images read = ImageFolder.of(folder, recipe).read()) {
                    assertThat(read.data().pixels(0))
                            .as("orientation %d", orientation)
                            .isEqualTo(expected);
                }
                assertThat(recipe.read(path).pixels()).isEqualTo(expected);
                assertThat(recipe.read(file, "x").pixels()).isEqualTo(expected);
                Files.deleteIfExists(folder.resolve(".fathom-8x12x3.images"));
            }
            Preprocessing.Photo photo = serving.read(path);
            assertThat(photo.pixels()).isEqualTo(middle);
            assertThat(List.of(photo.height(), photo.width())).isEqualTo(List.of(h, w));
            Picture picture = Picture.read(path, w);
            assertThat(List.of(picture.height(), picture.width())).isEqualTo(List.of(h, w));
            assertThat(picture.pixels()).isEqualTo(whole);
        }
    }

    /**
     * A photograph saved as JPEG in every orientation is read upright, also in gray, and also where the cut leaves an
     * odd row over.
     */
    @Test
    void foldersOfJpegFilesAreUpright() throws IOException {
        BufferedImage seen = new BufferedImage(51, 32, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 32 * 51; i++) {
            seen.setRGB(i % 51, i / 51, i % 51 < 26 && i / 51 < 16 ? 0xff0000 : 0xffffff);
        }
        for (int orientation = 1; orientation <= 8; orientation++) {
            Path folder = Files.createDirectories(temp.resolve("jpeg" + orientation + "/a"))
                    .getParent();
            byte[] file = exif(encoded(stored(seen, orientation), "jpeg"), ByteOrder.LITTLE_ENDIAN, orientation);
            Files.write(folder.resolve("a/0.jpg"), file);
            try (ImageFolder.Images read =
                    ImageFolder.of(folder, Preprocessing.of(16, 16).gray()).read()) {
                byte[] pixels = read.data().pixels(0);
                assertThat(pixels[0] & 0xff).as("orientation %d", orientation).isLessThan(100);
                assertThat(pixels[15] & 0xff).isGreaterThan(200);
                assertThat(pixels[15 * 16] & 0xff).isGreaterThan(200);
            }
        }
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    /** Two tags, of which the second is the orientation. */
    private static byte[] tiff(ByteOrder order, int orientation) {
        ByteBuffer out = ByteBuffer.allocate(38).order(order);
        out.put((order == ByteOrder.LITTLE_ENDIAN ? "II" : "MM").getBytes(StandardCharsets.US_ASCII));
        out.putShort((short) 42).putInt(8).putShort((short) 2);
        for (int[] tag : new int[][] {{256, 48}, {274, orientation}}) {
            out.putShort((short) tag[0]).putShort((short) 3).putInt(1);
            out.putShort((short) tag[1]).putShort((short) 0);
        }
        return out.putInt(0).array();
    }

    /** A JPEG with an EXIF segment of two tags. */
    private static byte[] exif(byte[] jpeg, ByteOrder order, int orientation) {
        ByteBuffer out = ByteBuffer.allocate(jpeg.length + 48);
        out.putShort((short) 0xffd8).putShort((short) 0xffe1).putShort((short) 46);
        out.put("Exif\0\0".getBytes(StandardCharsets.US_ASCII)).put(tiff(order, orientation));
        return out.put(jpeg, 2, jpeg.length - 2).array();
    }

    @Test
    void channelsAreNormalizedEachByItself() throws IOException {
        BufferedImage image = new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 16; i++) {
            image.setRGB(i % 4, i / 4, 0xff8000);
        }
        byte[] png = encoded(image, "png");
        Preprocessing imagenet = Preprocessing.IMAGENET.size(2, 2).shorter(2);
        Preprocessing symmetric = Preprocessing.SYMMETRIC.size(2, 2).shorter(2);
        try (var pass = Pass.infer()) {
            var x = imagenet.tensor(imagenet.read(png, "a"), imagenet.read(png, "b"));
            assertThat(x.shape()).isEqualTo(Shape.of(2, 2, 2, 3));
            float[] values = x.toArray();
            float[] wanted = {(1 - 0.485f) / 0.229f, (128 / 255f - 0.456f) / 0.224f, -0.406f / 0.225f};
            for (int i = 0; i < values.length; i++) {
                assertThat(values[i]).isCloseTo(wanted[i % 3], within(1e-6f));
            }
            float[] other = symmetric.tensor(symmetric.read(png, "a")).toArray();
            for (int i = 0; i < other.length; i++) {
                assertThat(other[i]).isCloseTo(new float[] {255, 128, 0}[i % 3] / 127.5f - 1, within(1e-6f));
            }
        }
    }

    @Test
    void recipesThatCannotBe() throws IOException {
        assertThatThrownBy(() -> Preprocessing.IMAGENET.size(224, 224).shorter(200))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "preprocessing: 224 x 224 pixels cannot be cut out of a shorter side of 200; give one of at least"
                                + " 224 and at most 16384");
        assertThatThrownBy(() -> Preprocessing.of(2, 2).normalized(List.of(0f, 0f, 0f), List.of(1f, 0f, 1f)))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "preprocessing: mean=[0.0, 0.0, 0.0] deviation=[1.0, 0.0, 1.0] for 3 channels; give one of each for"
                                + " every channel, and deviations above 0");
        var small = Preprocessing.IMAGENET.size(2, 2).shorter(2).read(ramps(2, 2), "a");
        try (var pass = Pass.infer()) {
            assertThatThrownBy(() -> Preprocessing.IMAGENET.tensor(small))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "preprocessing: a photograph of 12 bytes where [224, 224, 3] has 150528; read it with this"
                                    + " recipe");
        }
    }

    // ---- what photographs are like

    /** A PNG of these chunks between its header and its end. */
    private static byte[] png(int h, int w, int bits, int color, Object... chunks) {
        ByteBuffer out = ByteBuffer.allocate(1 << 20);
        out.putLong(0x89504e470d0a1a0aL);
        chunk(
                out,
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(w)
                        .putInt(h)
                        .put((byte) bits)
                        .put((byte) color)
                        .array());
        for (int i = 0; i < chunks.length; i += 2) {
            chunk(out, (String) chunks[i], (byte[]) chunks[i + 1]);
        }
        chunk(out, "IEND", new byte[0]);
        return Arrays.copyOf(out.array(), out.position());
    }

    private static void chunk(ByteBuffer out, String name, byte[] data) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.US_ASCII));
        crc.update(data);
        out.putInt(data.length)
                .put(name.getBytes(StandardCharsets.US_ASCII))
                .put(data)
                .putInt((int) crc.getValue());
    }

    /** h rows of the same bytes after a filter byte of 0, deflated a row at a time. */
    private static byte[] rows(int h, byte[] row) {
        Deflater deflater = new Deflater();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] line = new byte[1 + row.length];
        System.arraycopy(row, 0, line, 1, row.length);
        byte[] buffer = new byte[1 << 16];
        for (int y = 0; y <= h; y++) {
            if (y < h) {
                deflater.setInput(line);
            } else {
                deflater.finish();
            }
            for (int n; (n = deflater.deflate(buffer)) > 0; ) {
                out.write(buffer, 0, n);
            }
        }
        deflater.end();
        return out.toByteArray();
    }

    @Test
    void whatThePixelsDoNotShowIsNoted() throws IOException {
        Preprocessing small = Preprocessing.IMAGENET.size(8, 8).shorter(16);
        assertThat(small.read(ramps(2, 2), "a").notes()).isEmpty();
        var pixel = Preprocessing.IMAGENET.read(ramps(1, 1), "a");
        assertThat(pixel.notes()).containsExactly("it has only 1 x 1 pixels, too few to show much");
        assertThat(pixel.pixels()).containsOnly(0);
        assertThat(new int[] {pixel.height(), pixel.width()}).containsExactly(1, 1);

        byte[] pale = new byte[2 * 3 * 8];
        Arrays.fill(pale, (byte) 0x64);
        var deep = small.read(png(8, 8, 16, 2, "IDAT", rows(8, pale)), "a");
        assertThat(deep.notes()).containsExactly("its 16 bits a channel are rounded to 8");
        assertThat(deep.pixels()).containsOnly(0x64);

        byte[] plain = rows(8, new byte[24]);
        byte[] frames = ByteBuffer.allocate(8).putInt(3).putInt(0).array();
        assertThat(small.read(png(8, 8, 8, 2, "acTL", frames, "IDAT", plain), "a")
                        .notes())
                .containsExactly("it moves; this is its first picture");
        assertThat(small.read(png(8, 8, 8, 2, "tEXt", "Title\0acTL".getBytes(), "IDAT", plain), "a")
                        .notes())
                .isEmpty();
    }

    /** A hundred million pixels in 300 KB: kept whole, they would take 300 MB. */
    @Test
    void hugePhotographsAreThinnedAsTheyAreRead() throws Exception {
        byte[] row = new byte[30_000];
        Arrays.fill(row, (byte) 100);
        Path file = Files.write(temp.resolve("huge.png"), png(10_000, 10_000, 8, 2, "IDAT", rows(10_000, row)));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx100m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Child.class.getName(),
                        file.toString())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo("10000 x 10000, 100: [it has 10000 x 10000 pixels; one row and column in 3 is read]");
    }

    /** Reads a photograph in a JVM of its own. */
    static final class Child {
        public static void main(String[] file) {
            var photo = Preprocessing.IMAGENET.read(Path.of(file[0]));
            byte least = 127;
            for (byte b : photo.pixels()) {
                least = (byte) Math.min(least, b);
            }
            System.out.print(photo.height() + " x " + photo.width() + ", " + least + ": " + photo.notes());
        }
    }

    private static byte[] cmyk() throws IOException {
        var raster = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 8, 8, 4, null);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        var writer = ImageIO.getImageWritersByFormatName("JPEG").next();
        try (var to = ImageIO.createImageOutputStream(out)) {
            writer.setOutput(to);
            writer.write(null, new IIOImage(raster, null, null), null);
        } finally {
            writer.dispose();
        }
        return out.toByteArray();
    }

    @Test
    void whatIsNoPhotographIsASentence() throws IOException {
        byte[] jpeg = encoded(ImageIO.read(new java.io.ByteArrayInputStream(ramps(64, 64))), "jpeg");
        Object[][] cases = {
            {new byte[0], "it is empty"},
            {"GIF89a and more".getBytes(), "it is a GIF, which is not read; save it as PNG, JPEG or BMP"},
            {"RIFF\1\2\3\4WEBPVP8 ".getBytes(), "it is WebP, which is not read; save it as PNG, JPEG or BMP"},
            {"\0\0\0\30ftypheic\0\0".getBytes(), "it is HEIC or AVIF, which is not read; save it as PNG, JPEG or BMP"},
            {"\0\0\0\30ftypavif\0\0".getBytes(), "it is HEIC or AVIF, which is not read; save it as PNG, JPEG or BMP"},
            {"II*\0\10\0\0\0".getBytes(), "it is a TIFF, which is not read; save it as PNG, JPEG or BMP"},
            {"MM\0*\0\0\0\10".getBytes(), "it is a TIFF, which is not read; save it as PNG, JPEG or BMP"},
            {"cat".getBytes(), "it is neither PNG nor JPEG nor BMP"},
            {cmyk(), "its colors are CMYK or of another kind that is not read; save it as RGB"},
            {Arrays.copyOf(jpeg, jpeg.length - 40), "its JPEG data are damaged ("},
            {png(8, 8, 8, 2, "IDAT", new byte[3]), "its PNG data are damaged ("},
        };
        for (Object[] c : cases) {
            assertThatThrownBy(() -> Preprocessing.IMAGENET.read((byte[]) c[0], "x"))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("x: " + c[1])
                    .hasMessageNotContaining("\n");
        }
        Path none = temp.resolve("none.png");
        assertThatThrownBy(() -> Preprocessing.IMAGENET.read(none))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(none + ": it cannot be read (No such file or directory)");
    }

    // ---- beside Pillow

    /** Pillow has resized and cut four photographs; one byte in a thousand may differ from its result, by 1. */
    @Test
    void photographsAreAsPillowMakesThem() throws IOException {
        String data = System.getenv("FATHOM_DATA");
        Path folder = Path.of(data == null ? "" : data);
        assumeTrue(
                data != null
                        && Files.isRegularFile(folder.resolve("pretrained-imagenet/check.npz"))
                        && Files.isDirectory(folder.resolve("photos")),
                "photographs are not compared with Pillow's: FATHOM_DATA has no folders pretrained-imagenet and"
                        + " photos");
        byte[] images;
        try (var zip = new ZipFile(
                        folder.resolve("pretrained-imagenet/check.npz").toFile());
                var in = zip.getInputStream(zip.getEntry("images.npy"))) {
            images = in.readAllBytes();
        }
        String[] names = {"cat.png", "bird.png", "parrot.jpg", "hot_dog.jpg"};
        int each = 224 * 224 * 3;
        int head = images.length - names.length * each; // bytes in C order behind NumPy's header
        for (int i = 0; i < names.length; i++) {
            byte[] pixels = Preprocessing.IMAGENET
                    .read(folder.resolve("photos").resolve(names[i]))
                    .pixels();
            int worst = 0;
            long sum = 0;
            for (int k = 0; k < each; k++) {
                int d = Math.abs((pixels[k] & 0xff) - (images[head + i * each + k] & 0xff));
                worst = Math.max(worst, d);
                sum += d;
            }
            assertThat(worst).as(names[i]).isLessThanOrEqualTo(1);
            assertThat((double) sum / each).as(names[i]).isLessThan(1e-3);
        }
    }

    @Test
    void aPreprocessingAndAFolderChangeOneSetting() {
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        assertThat(Preprocessing.IMAGENET.normalized(half, half)).isEqualTo(Preprocessing.SYMMETRIC);
        assertThat(Preprocessing.IMAGENET.normalized(0.5f, 0.5f)).isEqualTo(Preprocessing.SYMMETRIC);
        assertThat(Preprocessing.IMAGENET.normalized(half, half).filter()).isEqualTo(Filter.BILINEAR);
        assertThatThrownBy(Preprocessing.IMAGENET::gray)
                .hasMessageContaining("of the colors differ; call normalized(mean, deviation) with one of each before");
        assertThatThrownBy(() -> Preprocessing.IMAGENET.normalized(List.of(1f), half))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
