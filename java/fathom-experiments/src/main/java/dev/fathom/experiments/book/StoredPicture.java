package dev.fathom.experiments.book;

import dev.fathom.experiments.pages.FinishedRun;
import dev.fathom.experiments.pages.Words;
import dev.fathom.io.AtomicFile;
import dev.fathom.view.HtmlReport;
import dev.fathom.view.HtmlReport.Embedded;
import dev.fathom.view.Plots;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * The chosen picture of a lab in the docs, at half of its pixels: {@code NAME.png} of a full run,
 * {@code NAME-short.png} of a short one. The book shows it where no run left pictures.
 */
public final class StoredPicture {
    private static final String SHORT = "-short";

    private StoredPicture() {}

    /**
     * The place, among the pictures of a run's page, of the one in the file {@code name}; 0 where it shows none such. A
     * run from several seeds shows the pictures of its first seed, whose folder lies in its own.
     */
    static int chosen(FinishedRun run, String name) {
        Path folder = Objects.requireNonNull(run.page().getParent());
        try (Stream<Path> named = Files.find(
                folder,
                2,
                (file, about) ->
                        about.isRegularFile() && file.getFileName().toString().equals(name))) {
            List<Embedded> all = HtmlReport.pictures(run.page());
            for (Path file : named.toList()) {
                byte[] png = Files.readAllBytes(file);
                for (int i = 0; i < all.size(); i++) {
                    if (Arrays.equals(all.get(i).file(), png)) {
                        return i;
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + folder + ": " + AtomicFile.reason(e), e);
        }
        return 0;
    }

    /**
     * Stores the chosen picture of the page of a run, in the place of an earlier one.
     *
     * @return the file, empty if the page has no picture
     * @throws UncheckedIOException if it cannot be written
     */
    public static Optional<Path> store(FinishedRun run, Words words, Path folder) {
        List<Embedded> all = HtmlReport.pictures(run.page());
        if (all.isEmpty()) {
            return Optional.empty();
        }
        Embedded first = all.get(chosen(run, words.front("picture")));
        String lab = run.run().lab();
        Path file = folder.resolve(lab + (run.brief() ? SHORT : "") + ".png");
        try {
            BufferedImage picture = ImageIO.read(new ByteArrayInputStream(first.file()));
            var half = new BufferedImage(first.width(), first.height(), BufferedImage.TYPE_INT_RGB);
            var g = half.createGraphics();
            g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
            g.drawImage(picture, 0, 0, first.width(), first.height(), null);
            g.dispose();
            Plots.write(half, file);
            if (!run.brief()) {
                Files.deleteIfExists(folder.resolve(lab + SHORT + ".png"));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot store " + file + ": " + AtomicFile.reason(e), e);
        }
        return Optional.of(file);
    }

    /**
     * The stored pictures of a lab: none, or one that says whether a full or a short run drew it.
     *
     * @throws UncheckedIOException if it cannot be read
     */
    static List<Embedded> read(Path folder, String lab) {
        for (String kind : List.of("", SHORT)) {
            Path file = folder.resolve(lab + kind + ".png");
            if (Files.exists(file)) {
                try {
                    byte[] png = Files.readAllBytes(file);
                    BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));
                    if (picture == null) {
                        throw new IllegalArgumentException(file + " is no picture; remove it");
                    }
                    return List.of(new Embedded(
                            "data:image/png;base64," + Base64.getEncoder().encodeToString(png),
                            "",
                            "A picture of a " + (kind.isEmpty() ? "full" : "short") + " run of lab " + lab,
                            picture.getWidth(),
                            picture.getHeight()));
                } catch (IOException e) {
                    throw new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
                }
            }
        }
        return List.of();
    }
}
