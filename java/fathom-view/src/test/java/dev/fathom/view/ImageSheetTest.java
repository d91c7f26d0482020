package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Dataset;
import dev.fathom.image.Augment;
import dev.fathom.op.Shape;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ImageSheetTest {
    @Test
    void everyPixelIsASharpSquare() {
        byte[] checks = new byte[28 * 28];
        for (int i = 0; i < checks.length; i++) {
            checks[i] = (byte) ((i / 28 + i % 28) % 2 == 0 ? 255 : 7);
        }
        BufferedImage sheet = new ImageSheet(28, 28, 1).add(checks, "").render();
        // a margin of 16, pixels of 4, all twice as large
        for (int y = 0; y < 28 * 8; y++) {
            for (int x = 0; x < 28 * 8; x++) {
                int expected = (y / 8 + x / 8) % 2 == 0 ? 0xffffffff : 0xff070707;
                assertThat(sheet.getRGB(32 + x, 32 + y)).isEqualTo(expected);
            }
        }
    }

    @Test
    void rgbKeepsItsColors() {
        BufferedImage sheet = new ImageSheet(1, 2, 3)
                .add(new byte[] {(byte) 200, 10, 20, 1, 2, (byte) 255}, "two")
                .render();
        assertThat(PlotsTest.pixels(sheet, new Color(200, 10, 20))).isEqualTo(112 * 112);
        assertThat(PlotsTest.pixels(sheet, new Color(1, 2, 255))).isEqualTo(112 * 112);
    }

    @Test
    void imagesFillRowsAndCaptionsAreDrawn() {
        ImageSheet sheet = new ImageSheet(28, 28, 1).columns(3);
        byte[] black = new byte[784];
        for (int i = 0; i < 4; i++) {
            sheet.add(black, "");
        }
        BufferedImage without = sheet.render();
        assertThat(without.getWidth()).isEqualTo(2 * (16 + 3 * (112 + 16)));
        assertThat(without.getHeight()).isEqualTo(2 * (16 + 2 * (112 + 6 + 15 + 16)));
        BufferedImage with = new ImageSheet(28, 28, 1)
                .add(black, "Sneaker, said Sandal 99.8 %")
                .render();
        int ink = 0;
        for (int y = 2 * (16 + 112); y < with.getHeight(); y++) {
            for (int x = 0; x < with.getWidth(); x++) {
                ink += with.getRGB(x, y) != 0xffffffff ? 1 : 0;
            }
        }
        assertThat(ink).isGreaterThan(200);
        assertThat(sheet.images()).hasSize(4);
        assertThat(sheet.captions()).containsExactly("", "", "", "");
    }

    @Test
    void manyImagesAreAddedAtOnce() {
        ImageSheet sheet = new ImageSheet(1, 2, 1).addAll(new float[] {0, 1, 0.4f, 2}, i -> "image " + i);
        assertThat(sheet.captions()).containsExactly("image 0", "image 1");
        assertThat(sheet.images().get(1).getRGB(0, 0) & 0xffffff).isEqualTo(0x666666);
        assertThat(sheet.images().get(1).getRGB(1, 0) & 0xffffff).isEqualTo(0xffffff);
        assertThatThrownBy(() -> sheet.addAll(new float[3], i -> ""))
                .hasMessage("image sheet: 1 bytes for an image of [1, 2, 1], which has 2");
    }

    @Test
    void captionsWrapAtSpacesAndNeverBeforeAPercentSign() {
        FontMetrics metrics = Draw.metrics(new Font(Font.MONOSPACED, Font.PLAIN, 10));
        int ten = metrics.stringWidth("0123456789");
        assertThat(Draw.wrap("Sneaker, Sandal 99.8 %", metrics, ten))
                .containsExactly("Sneaker,", "Sandal", "99.8\u00a0%");
        assertThat(Draw.wrap("abcdefghijklmnop\nx", metrics, ten)).containsExactly("abcdefghi…", "x");
    }

    @Test
    void theCallersBytesMayChangeLater() {
        byte[] pixels = new byte[4];
        ImageSheet sheet = new ImageSheet(2, 2, 1).add(pixels, "");
        Arrays.fill(pixels, (byte) 255);
        assertThat(sheet.images().get(0).getRGB(0, 0)).isEqualTo(0xff000000);
    }

    @Test
    void augmentedImagesStandBesideWhatTheyWere() {
        byte[] pixels = new byte[3 * 4 * 4 * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i * 5 + 1);
        }
        try (Dataset d = Dataset.images(pixels, Shape.of(4, 4, 3), new int[3]);
                Dataset normalized = d.normalizedBy(d)) {
            ImageSheet sheet = ImageSheet.augmented(normalized, 2, 3, Augment.flipVertical());
            assertThat(sheet.images()).hasSize(8);
            assertThat(sheet.captions()).containsExactly("as it is", "epoch 1", "epoch 2", "epoch 3", "", "", "", "");
            int flipped = 0;
            for (int i = 0; i < 8; i++) {
                BufferedImage was = sheet.images().get(i / 4 * 4);
                BufferedImage is = sheet.images().get(i);
                boolean turned = is.getRGB(1, 0) != was.getRGB(1, 0);
                for (int y = 0; y < 4; y++) {
                    assertThat(is.getRGB(1, y)).isEqualTo(was.getRGB(1, turned ? 3 - y : y));
                }
                flipped += turned ? 1 : 0;
            }
            assertThat(flipped).isBetween(1, 5);
            assertThatThrownBy(() -> ImageSheet.augmented(d, 2, 0, Augment.flip()))
                    .hasMessage("image sheet: epochs is 0 but must be at least 1");
            assertThatThrownBy(() -> ImageSheet.augmented(d.flattened(), 2, 1, Augment.flip()))
                    .hasMessage("image sheet: an example is [48] but must be [height, width, channels]; give the "
                            + "dataset before flattened()");
        }
    }

    @Test
    void badInputIsSaid() {
        assertThatThrownBy(() -> new ImageSheet(28, 28, 2))
                .hasMessage("image sheet: images are [28, 28, 2] but must be [height, width, 1] (gray) or [height, "
                        + "width, 3]"
                        + " (RGB)");
        assertThatThrownBy(() -> new ImageSheet(28, 28, 1).add(new byte[3], "x"))
                .hasMessage("image sheet: 3 bytes for an image of [28, 28, 1], which has 784");
        assertThatThrownBy(() -> new ImageSheet(28, 28, 1).columns(0))
                .hasMessage("image sheet: columns is 0 but must be at least 1");
        assertThatThrownBy(() -> new ImageSheet(28, 28, 1).render())
                .hasMessage("image sheet: no images; add at least one");
    }
}
