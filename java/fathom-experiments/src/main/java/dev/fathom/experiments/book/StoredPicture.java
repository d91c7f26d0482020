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
import javax.imageio.ImageIO;

/**
 * The chosen picture of a lab in the docs, at half of its pixels: {@code NAME.png} of a full run,
 * {@code NAME-short.png} of a short one. The book shows it where no run left pictures.
 */
public final class StoredPicture {
    private static final String SHORT = "-short";

    private StoredPicture() {}

    /**
     * The place, among the pictures of a run's page, of the one that the words of the lab name as {@code picture}; 0
     * where they name none that is there.
     */
    static int chosen(FinishedRun run, Words words) {
        Path folder = Objects.requireNonNull(run.page().getParent());
        Path file = folder.resolve(words.front("picture"));
        try {
            if (Files.isRegularFile(file)) {
                byte[] png = Files.readAllBytes(file);
                List<Embedded> all = HtmlReport.pictures(run.page());
                for (int i = 0; i < all.size(); i++) {
                    if (Arrays.equals(all.get(i).file(), png)) {
                        return i;
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
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
        Embedded first = all.get(chosen(run, words));
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
