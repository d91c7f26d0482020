package dev.fathom.experiments.data;

import dev.fathom.image.ImageFolder;
import dev.fathom.image.Picture;
import dev.fathom.image.Preprocessing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder of photographs; not part of the project.
 *
 * @param names of the files, in their order
 * @param pixels of the middle of each, bytes [side, side, 3]
 */
public record Photographs(List<String> names, List<byte[]> pixels, int side) {
    /** Where they are. */
    public static final DataSet SET = DataSet.of(
            "photos",
            List.of("parrot.jpg"),
            "fill a folder with photographs, one of which is called parrot.jpg",
            "CC BY 2.0 (Open Images)",
            folder -> List.of("bird", "cat", "dragonfly", "owl", "parrot", "sunflower")
                    .forEach(name -> StandIn.picture(folder.resolve(name + ".jpg"), 480, 480)));

    /**
     * Reads the middle square of every PNG and JPEG file, resized to {@code side} pixels.
     *
     * @param given the folder, or null for where it usually is
     * @throws IllegalArgumentException if there is no folder, or a file is damaged
     */
    public static Photographs read(@Nullable Path given, int side) {
        Path folder = SET.folder(given);
        Preprocessing square = Preprocessing.of(side, side).shorter(side);
        List<String> names = new ArrayList<>();
        List<byte[]> pixels = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(ImageFolder::isPicture).sorted().toList()) {
                String name = file.getFileName().toString();
                if (!name.endsWith(".bmp")) { // each is there as PNG, too
                    names.add(name);
                    pixels.add(square.read(file).pixels());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the folder " + folder + ": " + e.getMessage(), e);
        }
        return new Photographs(List.copyOf(names), List.copyOf(pixels), side);
    }

    /**
     * Squares of a photograph, row after row, whose corners are {@code step} pixels apart: bytes [crop, crop, 3] each.
     */
    public List<byte[]> crops(int photograph, int crop, int step) {
        Picture whole = new Picture(pixels.get(photograph), side, side);
        List<byte[]> all = new ArrayList<>();
        for (int top = 0; top + crop <= side; top += step) {
            for (int left = 0; left + crop <= side; left += step) {
                all.add(square(whole, top, left, crop).pixels());
            }
        }
        return all;
    }

    /** The square of a picture that begins at a row and a column. */
    public static Picture square(Picture picture, int top, int left, int side) {
        byte[] pixels = new byte[3 * side * side];
        for (int row = 0; row < side; row++) {
            int from = 3 * ((top + row) * picture.width() + left);
            System.arraycopy(picture.pixels(), from, pixels, 3 * side * row, 3 * side);
        }
        return new Picture(pixels, side, side);
    }
}
