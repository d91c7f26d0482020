package dev.fathom.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Dataset;
import dev.fathom.memory.Memory;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Folders of images: decoded as they are stored, resized, kept in a cache that is never believed, and every damaged
 * file named.
 */
@Tag("any-instruction-set")
class ImageFolderTest {
    @TempDir
    Path temp;

    private Path folder;

    @BeforeEach
    void folder() throws IOException {
        folder = temp.resolve("pets");
        Files.createDirectories(folder.resolve("cat"));
        Files.createDirectories(folder.resolve("dog/more"));
    }

    private static BufferedImage plain(int h, int w, int rgb) {
        BufferedImage image = new BufferedImage(w, h, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < h * w; i++) {
            image.setRGB(i % w, i / w, rgb);
        }
        return image;
    }

    private static BufferedImage noise(int h, int w, int seed) {
        Random random = new Random(seed);
        BufferedImage image = new BufferedImage(w, h, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < h * w; i++) {
            image.setRGB(i % w, i / w, random.nextInt());
        }
        return image;
    }

    private static byte[] encoded(BufferedImage image, String format) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(ImageIO.write(image, format, out)).isTrue();
        return out.toByteArray();
    }

    private Path put(String name, byte[] bytes) throws IOException {
        return Files.write(folder.resolve(name), bytes);
    }

    private Path put(String name, BufferedImage image) throws IOException {
        return put(
                name, encoded(image, name.substring(name.lastIndexOf('.') + 1).toLowerCase()));
    }

    private static int[] ints(byte[] pixels) {
        int[] values = new int[pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            values[i] = pixels[i] & 0xff;
        }
        return values;
    }

    private static void assertRefused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    // ---- what is read

    /** Without a folder of its own in the test set, a class would give its number to the next. */
    @Test
    void aFolderToTestOnMayLackAClass() throws IOException {
        put("cat/a.png", plain(4, 4, 0xffffff));
        put("dog/a.png", plain(4, 4, 0x808080));
        Path tested = Files.createDirectories(temp.resolve("test/dog")).getParent();
        Files.write(tested.resolve("dog/a.png"), encoded(plain(4, 4, 0x808080), "png"));
        try (ImageFolder.Images train =
                        ImageFolder.of(folder, Preprocessing.of(4, 4)).read();
                ImageFolder.Images test = ImageFolder.of(tested, Preprocessing.of(4, 4))
                        .classes(train.classes())
                        .read();
                ImageFolder.Images alone =
                        ImageFolder.of(tested, Preprocessing.of(4, 4)).read()) {
            assertThat(train.classes()).containsExactly("cat", "dog");
            assertThat(test.classes()).containsExactly("cat", "dog");
            assertThat(test.data().labels()).containsExactly(1);
            assertThat(test.data().classes()).isEqualTo(2);
            assertThat(alone.data().labels()).containsExactly(0);
        }
        assertThatThrownBy(() -> ImageFolder.of(folder, Preprocessing.of(4, 4))
                        .classes(List.of("cat"))
                        .read())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("image folder: " + folder.resolve("dog")
                        + " is none of the classes [cat]; name it among them, or remove it");
        assertThatThrownBy(() -> ImageFolder.of(folder, Preprocessing.of(4, 4)).classes(List.of("cat", "cat")))
                .hasMessage("image folder: the classes [cat, cat] are none, or one comes twice; name each class once");
    }

    @Test
    void classesAndFilesInTheOrderOfTheirNames() throws IOException {
        put("dog/b.png", plain(4, 4, 0x0000ff));
        put("dog/more/a.bmp", plain(4, 4, 0x010203));
        put("cat/z.PNG", plain(4, 4, 0xff0000));
        put("cat/a.jpg", plain(4, 4, 0x808080));
        put("dog/.hidden.png", plain(4, 4, 0));
        put("dog/notes.txt", new byte[] {1});
        Files.createDirectories(folder.resolve(".git"));
        try (var images = ImageFolder.of(folder, Preprocessing.of(4, 4)).read()) {
            assertThat(images.classes()).containsExactly("cat", "dog");
            assertThat(images.skipped()).isEmpty();
            Dataset d = images.data();
            assertThat(d).hasToString("Dataset [4, 4, 4, 3] of U8, 2 classes");
            assertThat(new int[] {d.label(0), d.label(1), d.label(2), d.label(3)})
                    .containsExactly(0, 0, 1, 1);
            assertThat(ints(d.pixels(0))).containsOnly(128);
            assertThat(Arrays.copyOf(ints(d.pixels(1)), 6)).containsExactly(255, 0, 0, 255, 0, 0);
            assertThat(Arrays.copyOf(ints(d.pixels(2)), 3)).containsExactly(0, 0, 255);
            assertThat(Arrays.copyOf(ints(d.pixels(3)), 3)).containsExactly(1, 2, 3);
        }
        try (var images = ImageFolder.of(folder, Preprocessing.of(4, 4).gray()).read()) {
            assertThat(images.data().featureShape()).isEqualTo(Shape.of(4, 4, 1));
            // 0.299, 0.587, 0.114
            assertThat(ints(images.data().pixels(1))).containsOnly(76);
            assertThat(ints(images.data().pixels(2))).containsOnly(29);
        }
    }

    @Test
    void noiseComesBackBitForBit() throws IOException {
        BufferedImage image = noise(5, 7, 3);
        put("cat/a.png", image);
        put("dog/b.bmp", image);
        for (Filter filter : Filter.values()) {
            try (var images = ImageFolder.of(folder, Preprocessing.of(5, 7).filter(filter))
                    .read()) {
                int[] pixels = ints(images.data().pixels(0));
                assertThat(ints(images.data().pixels(1))).containsExactly(pixels);
                for (int i = 0; i < 35; i++) {
                    int rgb = image.getRGB(i % 7, i / 7);
                    assertThat(pixels[3 * i] << 16 | pixels[3 * i + 1] << 8 | pixels[3 * i + 2])
                            .isEqualTo(rgb & 0xffffff);
                }
            }
        }
    }

    private static BufferedImage components(int transfer, int bands, int h, int w, int... values) {
        var model = new ComponentColorModel(
                ColorSpace.getInstance(bands < 3 ? ColorSpace.CS_GRAY : ColorSpace.CS_sRGB),
                bands % 2 == 0,
                false,
                bands % 2 == 0 ? Transparency.TRANSLUCENT : Transparency.OPAQUE,
                transfer);
        WritableRaster raster = model.createCompatibleWritableRaster(w, h);
        for (int i = 0; i < h * w; i++) {
            raster.setPixel(i % w, i / w, values);
        }
        return new BufferedImage(model, raster, false, null);
    }

    @Test
    void everyKindOfPngIsReadAsItsSamplesAre() throws IOException {
        put("cat/a-gray.png", components(DataBuffer.TYPE_BYTE, 1, 3, 2, 100));
        put("cat/b-gray-alpha.png", components(DataBuffer.TYPE_BYTE, 2, 3, 2, 100, 7));
        put("cat/c-gray-16.png", components(DataBuffer.TYPE_USHORT, 1, 3, 2, 100 * 257));
        put("cat/d-rgb-16.png", components(DataBuffer.TYPE_USHORT, 3, 3, 2, 100 * 257 + 128, 100 * 257 - 128, 65535));
        put("cat/e-rgb-alpha.png", components(DataBuffer.TYPE_BYTE, 4, 3, 2, 100, 101, 102, 0));
        put("cat/f-pixel.png", plain(1, 1, 0x646464));
        BufferedImage palette = new BufferedImage(9, 9, BufferedImage.TYPE_BYTE_INDEXED);
        palette.getGraphics().fillRect(0, 0, 9, 9);
        put("dog/g-palette.png", palette);
        put("dog/h-bits.png", new BufferedImage(9, 9, BufferedImage.TYPE_BYTE_BINARY));
        try (var images = ImageFolder.of(folder, Preprocessing.of(2, 2)).read()) {
            Dataset d = images.data();
            for (int i : new int[] {0, 1, 2, 5}) {
                assertThat(ints(d.pixels(i))).as("%d", i).containsOnly(100);
            }
            assertThat(Arrays.copyOf(ints(d.pixels(3)), 3)).containsExactly(100, 100, 255);
            assertThat(Arrays.copyOf(ints(d.pixels(4)), 3)).containsExactly(100, 101, 102);
            assertThat(ints(d.pixels(6))).containsOnly(255);
            assertThat(ints(d.pixels(7))).containsOnly(0);
        }
    }

    // ---- resizing

    @Test
    void anImageIsCutOrStretched() throws IOException {
        BufferedImage wide = plain(2, 6, 0x202020);
        for (int y = 0; y < 2; y++) {
            wide.setRGB(2, y, 0xffffff);
            wide.setRGB(3, y, 0xffffff);
        }
        put("cat/a.png", wide);
        put("dog/b.png", wide);
        try (var images = ImageFolder.of(folder, Preprocessing.of(2, 2)).read()) {
            assertThat(ints(images.data().pixels(0))).containsOnly(255);
        }
        BufferedImage tall = plain(6, 2, 0x202020);
        for (int x = 0; x < 2; x++) {
            tall.setRGB(x, 2, 0xffffff);
            tall.setRGB(x, 3, 0xffffff);
        }
        put("dog/c.png", tall);
        try (var images = ImageFolder.of(folder, Preprocessing.of(2, 2)).read()) {
            assertThat(ints(images.data().pixels(2))).containsOnly(255);
        }
        try (var images = ImageFolder.of(
                        folder,
                        Preprocessing.of(2, 3)
                                .stretched()
                                .filter(Filter.NEAREST)
                                .gray())
                .read()) {
            assertThat(ints(images.data().pixels(0))).containsExactly(32, 255, 32, 32, 255, 32);
        }
        try (var images = ImageFolder.of(
                        folder, Preprocessing.of(4, 4).filter(Filter.NEAREST).gray())
                .read()) {
            assertThat(ints(images.data().pixels(1))).containsOnly(255);
        }
    }

    /** What Pillow's resize computes in one dimension: a triangle over as many pixels as the image shrinks by. */
    @Test
    void shrinkingWeighsEveryPixel() {
        Filter.Taps taps = Filter.BILINEAR.taps(8, 0, 8, 4);
        assertThat(taps.first()).containsExactly(0, 1, 3, 5);
        assertThat(taps.weights()[1]).containsExactly(0.125f, 0.375f, 0.375f, 0.125f);
        assertThat(taps.weights()[0]).containsExactly(3 / 7f, 3 / 7f, 1 / 7f);
        Filter.Taps same = Filter.BICUBIC.taps(5, 0, 5, 5);
        for (int i = 0; i < 5; i++) {
            assertThat(same.weights()[i][i - same.first()[i]]).isEqualTo(1);
        }
        Random random = new Random(2);
        for (int round = 0; round < 2000; round++) {
            Filter filter = Filter.values()[round % 3];
            int n = 1 + random.nextInt(50);
            int to = 1 + random.nextInt(50);
            double length = Math.max(0.01, n * random.nextDouble());
            Filter.Taps t = filter.taps(n, random.nextDouble() * (n - length), length, to);
            for (int i = 0; i < to; i++) {
                float sum = 0;
                for (float w : t.weights()[i]) {
                    sum += w;
                }
                assertThat(sum).isBetween(1 - 1e-5f, 1 + 1e-5f);
                assertThat(t.first()[i]).isBetween(0, n - t.weights()[i].length);
            }
        }
    }

    // ---- the cache

    private Path cacheFile() {
        return folder.resolve(".fathom-4x4x3.images");
    }

    /** Writes other pixels into a file of the same size and time, so that only decoding it again would show them. */
    private void changeUnseen(Path file) throws IOException {
        FileTime time = Files.getLastModifiedTime(file);
        byte[] other = encoded(plain(4, 4, 0x00ff00), "bmp");
        assertThat(other).hasSize((int) Files.size(file));
        Files.write(file, other);
        Files.setLastModifiedTime(file, time);
    }

    private int first() {
        try (var images = ImageFolder.of(folder, Preprocessing.of(4, 4)).read()) {
            return images.data().pixels(0)[1] & 0xff;
        }
    }

    @Test
    void aFileIsDecodedOnce() throws IOException {
        Path file = put("cat/a.bmp", plain(4, 4, 0xff0000));
        put("dog/b.bmp", plain(4, 4, 0xff0000));
        assertThat(first()).isZero();
        changeUnseen(file);
        assertThat(first()).isZero();
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000_000_000L));
        assertThat(first()).isEqualTo(255);
        try (var images = ImageFolder.of(folder, Preprocessing.of(4, 4))
                .cache(temp.resolve("elsewhere/x"))
                .read()) {
            assertThat(temp.resolve("elsewhere/x")).hasSameBinaryContentAs(cacheFile());
        }
    }

    @Test
    void aCacheOfOtherFilesOrSettingsIsMadeAnew() throws IOException {
        put("cat/a.bmp", plain(4, 4, 0xff0000));
        put("dog/b.bmp", plain(4, 4, 0xff0000));
        assertThat(first()).isZero();
        put("dog/c.bmp", plain(4, 4, 0));
        try (var images = ImageFolder.of(folder, Preprocessing.of(4, 4)).read()) {
            assertThat(images.data().size()).isEqualTo(3);
        }
        Files.delete(folder.resolve("dog/c.bmp"));
        put("cat/0.bmp", noise(8, 8, 5));
        Path cache = temp.resolve("cache");
        List<byte[]> seen = new ArrayList<>();
        Preprocessing wide = Preprocessing.of(4, 5);
        for (Preprocessing recipe : List.of( // each differs from the one before in one thing
                Preprocessing.of(4, 4),
                wide,
                wide.shorter(6),
                wide.shorter(7),
                wide.stretched(),
                wide.stretched().filter(Filter.NEAREST),
                wide.stretched().filter(Filter.NEAREST).gray())) {
            try (var images = ImageFolder.of(folder, recipe).cache(cache).read()) {
                assertThat(images.data().size()).isEqualTo(3);
                assertThat(images.data().featureShape())
                        .isEqualTo(Shape.of(recipe.height(), recipe.width(), recipe.channels()));
                assertThat(seen).doesNotContain(images.data().pixels(0));
                seen.add(images.data().pixels(0));
            }
        }
    }

    @Test
    void aDamagedCacheIsMadeAnew() throws IOException {
        Path file = put("cat/a.bmp", plain(4, 4, 0xff0000));
        put("dog/b.bmp", new byte[0]);
        put("dog/c.bmp", plain(4, 4, 0xff0000));
        ImageFolder skipping = ImageFolder.of(folder, Preprocessing.of(4, 4)).skipDamaged();
        skipping.read().close();
        byte[] good = Files.readAllBytes(cacheFile());
        Random random = new Random(1);
        for (int round = 0; round < 300; round++) {
            byte[] bytes = round % 4 == 0 ? Arrays.copyOf(good, random.nextInt(good.length + 20)) : good.clone();
            for (int flips = 1 + random.nextInt(3); flips > 0 && bytes.length > 0; flips--) {
                int at = round % 2 == 0
                        ? random.nextInt(bytes.length)
                        : bytes.length - 1 - random.nextInt(Math.min(80, bytes.length));
                bytes[at] ^= (byte) (1 + random.nextInt(255));
            }
            if (Arrays.equals(bytes, good)) {
                continue;
            }
            Files.write(cacheFile(), bytes);
            try (var images = skipping.read()) {
                assertThat(images.data().size()).isEqualTo(2);
                assertThat(images.skipped()).hasSize(1);
            }
            assertThat(cacheFile()).hasBinaryContent(good);
        }
        assertThat(file).exists();
    }

    /** Never a crash: no kernel reads a mapped page. */
    @Test
    void aCacheThatBecomesShorterIsASentenceAndThenMadeAnew() throws IOException {
        for (int i = 0; i < 40; i++) {
            put("cat/" + i + ".bmp", plain(4, 4, 0x030303));
        }
        put("dog/a.bmp", plain(4, 4, 0x030303));
        ImageFolder pets = ImageFolder.of(folder, Preprocessing.of(32, 32).normalized(0.5f, 0.5f));
        Path cache = folder.resolve(".fathom-32x32x3.images");
        try (var images = pets.read();
                Pass pass = Pass.infer()) {
            long size = Files.size(cache);
            assertThat(images.data().batches(41).epoch(0).next().size()).isEqualTo(41);
            try (RandomAccessFile cut = new RandomAccessFile(cache.toFile(), "rw")) {
                cut.setLength(100);
            }
            assertThatThrownBy(() -> images.data().batches(41).epoch(0).next())
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessage("read: " + cache + " became shorter than the " + size + " bytes that it had when it was"
                            + " opened; leave it as it is while it is in use, and open it again");
            assertThat(pass.liveBytes()).isPositive();
        }
        try (var images = pets.read()) {
            assertThat(ints(images.data().pixels(40))).containsOnly(3);
        }
    }

    /** A new cache takes the place of the old one, which those who have it open go on reading. */
    @Test
    void imagesInUseStayAsTheyAreWhenTheCacheIsMadeAnew() throws IOException {
        put("cat/a.bmp", plain(4, 4, 0x010101));
        put("dog/b.bmp", plain(4, 4, 0x020202));
        ImageFolder pets = ImageFolder.of(folder, Preprocessing.of(4, 4));
        Thread.currentThread().interrupt();
        try (var before = pets.read()) {
            put("cat/0.bmp", plain(4, 4, 0x090909));
            try (var after = pets.read()) {
                assertThat(ints(after.data().pixels(0))).containsOnly(9);
                assertThat(ints(before.data().pixels(0))).containsOnly(1);
            }
            Files.delete(cacheFile());
            assertThat(ints(before.data().pixels(1))).containsOnly(2);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    /** Trains on the images of a folder and prints the weights. */
    static final class Trained {
        public static void main(String[] folder) {
            try (var images = ImageFolder.of(Path.of(folder[0]), Preprocessing.of(200, 200))
                    .read()) {
                System.out.println(LargerThanMemory.trained(images.data()));
            }
        }
    }

    /** Images of 80 MB, and a copy of them in memory. */
    @Test
    void imagesLargerThanTheLimitTrainToTheBitsOfMemory() throws Exception {
        for (int i = 0; i < 670; i++) {
            put((i % 2 == 0 ? "cat/" : "dog/") + i + ".bmp", noise(8, 8, i));
        }
        long before = Memory.stats().owned();
        try (var images = ImageFolder.of(folder, Preprocessing.of(200, 200)).read()) {
            assertThat(Memory.stats().owned() - before).isLessThan(1 << 20);
            try (Dataset held = Dataset.concat(images.data())) {
                assertThat(LargerThanMemory.child(Trained.class, folder)).isEqualTo(LargerThanMemory.trained(held));
            }
        }
    }

    @Test
    void whereNoCacheCanBeWritten() throws IOException {
        put("cat/a.png", plain(2, 2, 0));
        put("dog/a.png", plain(2, 2, 0));
        Path file = Files.write(temp.resolve("file"), new byte[1]);
        assertThatThrownBy(() -> ImageFolder.of(folder, Preprocessing.of(2, 2))
                        .cache(file.resolve("cache"))
                        .read())
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(file + " is not a folder; choose another place");
        Files.createDirectory(folder.resolve(".fathom-2x2x3.images"));
        assertThatThrownBy(() -> ImageFolder.of(folder, Preprocessing.of(2, 2)).read())
                .hasMessageEndingWith("give the name of a file in it (cache(file) keeps the decoded images elsewhere)");
    }

    // ---- hostile files

    private static byte[] cmyk() throws IOException {
        WritableRaster raster = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 8, 8, 4, null);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("JPEG").next();
        try (ImageOutputStream to = ImageIO.createImageOutputStream(out)) {
            writer.setOutput(to);
            writer.write(null, new IIOImage(raster, null, null), null);
        } finally {
            writer.dispose();
        }
        return out.toByteArray();
    }

    /** A PNG header that claims 60,000 x 60,000 pixels. */
    private static byte[] huge() throws IOException {
        byte[] png = encoded(plain(1, 1, 0), "png");
        ByteBuffer b = ByteBuffer.wrap(png);
        b.putInt(16, 60_000).putInt(20, 60_000);
        CRC32 crc = new CRC32();
        crc.update(png, 12, 17);
        b.putInt(29, (int) crc.getValue());
        return png;
    }

    @Test
    void everyDamagedFileIsASentenceAndTheRestLoads() throws IOException {
        BufferedImage photo = noise(64, 64, 1);
        byte[] jpeg = encoded(photo, "jpeg");
        byte[] png = encoded(photo, "png");
        byte[] bmp = encoded(photo, "bmp");
        put("cat/good.png", plain(4, 4, 0x010101));
        put("dog/good.jpg", jpeg);
        String[] names = {
            "cat/a-empty.jpg",
            "cat/b-words.png",
            "cat/c-half.jpg",
            "cat/d-half.png",
            "cat/e-half.bmp",
            "cat/f-cmyk.jpg",
            "cat/g-huge.png",
            "cat/h-start.jpg",
            "cat/i-start.png",
            "cat/j-start.bmp",
            "cat/k-short.bmp"
        };
        byte[][] contents = {
            {},
            "<html>not found</html>".getBytes(),
            Arrays.copyOf(jpeg, jpeg.length / 2),
            Arrays.copyOf(png, png.length / 2),
            Arrays.copyOf(bmp, bmp.length / 2),
            cmyk(),
            huge(),
            Arrays.copyOf(jpeg, 4),
            Arrays.copyOf(png, 20),
            Arrays.copyOf(bmp, 10),
            {'B', 'M'}
        };
        String[] sentences = {
            "it is empty",
            "it is neither PNG nor JPEG nor BMP",
            "its JPEG data are damaged (",
            "its PNG data are damaged (",
            "its BMP data are damaged (",
            "its colors are CMYK or of another kind that is not read; save it as RGB",
            "it has 60000 x 60000 pixels, more than the 268435456 that are read",
            "its JPEG data are damaged (",
            "its PNG data are damaged (",
            "its BMP data are damaged (",
            "it is neither PNG nor JPEG nor BMP"
        };
        ImageFolder whole = ImageFolder.of(folder, Preprocessing.of(4, 4));
        for (int i = 0; i < names.length; i++) {
            Path file = put(names[i], contents[i]);
            String begin = file + ": " + sentences[i];
            assertThatThrownBy(whole::read)
                    .as(names[i])
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(begin)
                    .hasMessageEndingWith("; replace the file, or leave such out with skipDamaged()")
                    .hasMessageNotContaining("\n");
            Files.delete(file);
        }
        for (int i = 0; i < names.length; i++) {
            put(names[i], contents[i]);
        }
        for (int round = 0; round < 2; round++) { // decoded, and from the cache
            try (var images = whole.skipDamaged().read()) {
                assertThat(images.data().size()).isEqualTo(2);
                assertThat(images.data().label(1)).isEqualTo(1);
                assertThat(ints(images.data().pixels(0))).containsOnly(1);
                assertThat(images.skipped()).hasSize(names.length);
                for (int i = 0; i < names.length; i++) {
                    assertThat(images.skipped().get(i)).startsWith(folder.resolve(names[i]) + ": " + sentences[i]);
                }
            }
        }
        // the cache of those who skip does not hide the damage from those who do not
        assertRefused(
                whole::read,
                folder.resolve("cat/a-empty.jpg")
                        + ": it is empty; replace the file, or leave such out with skipDamaged()");
    }

    @Test
    void foldersThatCannotBeRead() throws IOException {
        assertRefused(
                () -> ImageFolder.of(folder, Preprocessing.of(2, 2)).read(),
                "image folder: " + folder.resolve("cat")
                        + " has no file .png, .jpg, .jpeg or .bmp; put the images of one class there, or remove it");
        assertRefused(
                () -> ImageFolder.of(folder.resolve("cat"), Preprocessing.of(2, 2))
                        .read(),
                "image folder: " + folder.resolve("cat")
                        + " has no folders; put the images of each class into one of its own");
        assertThatThrownBy(() -> ImageFolder.of(folder.resolve("none"), Preprocessing.of(2, 2))
                        .read())
                .isExactlyInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot read " + folder.resolve("none") + ": No such file or directory; "
                        + "give a folder that you may read, with one of images for each class");
        assertRefused(
                () -> Preprocessing.of(0, 2),
                "preprocessing: images cannot be [0, 2, 3]; give a height and a width of 1 or more, at most 2^28"
                        + " pixels, and 1 or 3 channels");
        put("cat/a.png", new byte[0]);
        put("dog/b.png", new byte[0]);
        assertRefused(
                () -> ImageFolder.of(folder, Preprocessing.of(2, 2))
                        .skipDamaged()
                        .read(),
                "image folder: all 2 files of " + folder + " are damaged, the first: " + folder.resolve("cat/a.png")
                        + ": it is empty");
    }

    @Test
    void linksAreFollowedAndLoopsAreNot() throws IOException {
        put("cat/a.png", plain(2, 2, 1));
        put("dog/b.png", plain(2, 2, 2));
        Path owls = Files.createDirectories(temp.resolve("owls"));
        Files.copy(folder.resolve("cat/a.png"), owls.resolve("o.png"));
        Files.createSymbolicLink(folder.resolve("owl"), owls);
        Files.createSymbolicLink(folder.resolve("dog/more/again"), folder.resolve("dog"));
        Files.createSymbolicLink(folder.resolve("dog/more/c.png"), folder.resolve("cat/a.png"));
        try (var images = ImageFolder.of(folder, Preprocessing.of(2, 2)).read()) {
            assertThat(images.classes()).containsExactly("cat", "dog", "owl");
            assertThat(images.data().size()).isEqualTo(4);
            assertThat(images.data().label(3)).isEqualTo(2);
        }
        Path nowhere = Files.createSymbolicLink(folder.resolve("cat/b.png"), temp.resolve("gone.png"));
        assertRefused(
                () -> ImageFolder.of(folder, Preprocessing.of(2, 2)).read(),
                nowhere + ": it cannot be read (No such file or directory); replace the file, "
                        + "or leave such out with skipDamaged()");
        ImageFolder skipping = ImageFolder.of(folder, Preprocessing.of(2, 2)).skipDamaged();
        try (var images = skipping.read()) {
            assertThat(images.data().size()).isEqualTo(4);
            assertThat(images.skipped()).containsExactly(nowhere + ": it cannot be read (No such file or directory)");
        }
        // what was skipped because it could not be read is read once it can be, though the link is the same
        Files.copy(folder.resolve("cat/a.png"), temp.resolve("gone.png"));
        try (var images = skipping.read()) {
            assertThat(images.data().size()).isEqualTo(5);
        }
        Path above = Files.createSymbolicLink(folder.resolve("all"), temp);
        assertRefused(skipping::read, "image folder: " + above + " is a link to a folder that it lies in; remove it");
    }

    @Test
    void aMovedFolderNamesItsFilesWhereTheyAre() throws IOException {
        put("cat/a.png", new byte[0]);
        put("dog/b.png", plain(2, 2, 0));
        ImageFolder.of(folder, Preprocessing.of(2, 2)).skipDamaged().read().close();
        Path moved = Files.move(folder, temp.resolve("moved"));
        try (var images =
                ImageFolder.of(moved, Preprocessing.of(2, 2)).skipDamaged().read()) {
            assertThat(images.skipped()).containsExactly(moved.resolve("cat/a.png") + ": it is empty");
        }
    }

    /** Reads a folder in a JVM of its own. */
    static final class Child {
        public static void main(String[] folder) {
            try (var images = ImageFolder.of(Path.of(folder[0]), Preprocessing.of(4, 4))
                    .skipDamaged()
                    .read()) {
                System.out.print(images.data().size() + " " + String.join("|", images.skipped()));
            }
        }
    }

    private String child(String heap) throws Exception {
        var builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap,
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Child.class.getName(),
                folder.toString());
        builder.environment().put("LC_ALL", "C");
        Process process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
        return new String(process.getInputStream().readAllBytes());
    }

    /**
     * 48 MB each: with much memory all at once, with little one after the other, with less none; and names beyond the
     * locale.
     */
    @Test
    void imagesThatMemoryLackedForAreReadWhenThereIsMore() throws Exception {
        byte[] large = encoded(plain(4000, 4000, 0), "png");
        put("cat/a.png", large);
        put("cat/b.png", large);
        put("cat/c.png", large);
        boolean spells = "UTF-8".equals(System.getProperty("sun.jnu.encoding"));
        put(spells ? "dog/\u00fc.png" : "dog/u.png", plain(4, 4, 0));
        String why = ": its pixels need more memory than Java has; start it with a larger -Xmx";
        assertThat(child("40m"))
                .isEqualTo("1 " + folder.resolve("cat/a.png") + why + "|" + folder.resolve("cat/b.png") + why + "|"
                        + folder.resolve("cat/c.png") + why);
        assertThat(child("100m")).isEqualTo("4 ");
        assertThat(child("40m")).isEqualTo("4 ");
    }

    @Test
    void damageIsRefusedOrDecoded() throws IOException {
        Random random = new Random(4);
        byte[][] whole = {
            encoded(noise(16, 16, 1), "png"), encoded(noise(16, 16, 1), "jpeg"), encoded(noise(16, 16, 1), "bmp")
        };
        put("dog/b.png", plain(2, 2, 0));
        var reader = Preprocessing.of(8, 8).reader();
        for (int round = 0; round < 1500; round++) {
            byte[] bytes = whole[round % 3].clone();
            for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                // headers most of all
                bytes[4 + random.nextInt(random.nextBoolean() ? 60 : bytes.length - 4)] = (byte) random.nextInt(256);
            }
            Path file = Files.write(temp.resolve("damaged"), bytes);
            try {
                assertThat(reader.read(file).pixels()).hasSize(8 * 8 * 3);
            } catch (ImageFile.Damaged e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
    }
}
