package dev.fathom.experiments.book;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.pages.Expectations;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Figure.Kind;
import dev.fathom.experiments.pages.Figure.Verdict;
import dev.fathom.experiments.pages.Figures;
import dev.fathom.experiments.pages.FinishedRun;
import dev.fathom.experiments.pages.StoredRun;
import dev.fathom.experiments.pages.Words;
import dev.fathom.io.AtomicFile;
import dev.fathom.view.Diagram;
import dev.fathom.view.HtmlReport;
import dev.fathom.view.HtmlReport.Embedded;
import dev.fathom.view.HtmlReport.Link;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A site of all labs, chapter by chapter: what a course claims, what was measured, pictures and code. Its pages need
 * nothing but each other.
 *
 * @param labs by their names
 * @param stored the stored full runs by the names of their labs
 * @param runs folders in which runs leave a folder {@code NAME} each; where a full run ended, its figures are shown
 *     instead of the stored ones
 * @param pictures the folder of {@linkplain StoredPicture stored pictures}, for labs without a run
 * @param root the project's folder, whose sources are shown
 * @param failures why the run of a lab failed, by its name
 */
public record Book(
        Map<String, Experiment> labs,
        Map<String, StoredRun> stored,
        List<Path> runs,
        Path pictures,
        Path root,
        Map<String, String> failures) {
    private static final String INDEX = "index.html";
    private static final String CLAIMS = "claims.html";
    /** Rows of a table that are not folded. */
    private static final int ROWS = 14;
    /** The most figures that a sentence tells. */
    private static final int TOLD = 4;

    /** The kinds of bands that the front page counts: what others published, and what can be derived. */
    private static final Kind[] COUNTED = {Kind.PUBLISHED, Kind.EXACT};

    private static final Map<Kind, String> KINDS = Map.of(
            Kind.PUBLISHED, "a published value, with its own spread",
            Kind.EXACT, "a derivation",
            Kind.BASELINE, "a simpler way in the same run, and a margin",
            Kind.SANITY, "what anything that works reaches");

    /** A lab as the book knows it; {@code shown} is null where no full run was made. */
    private record Entry(Experiment lab, @Nullable StoredRun shown, Optional<FinishedRun> run) {
        long with(Verdict verdict) {
            return Stream.of(Kind.values()).mapToLong(k -> with(verdict, k)).sum();
        }

        long with(Verdict verdict, Kind... kinds) {
            return shown == null
                    ? 0
                    : shown.figures().stream()
                            .filter(f ->
                                    f.verdict() == verdict && List.of(kinds).contains(f.kind()))
                            .count();
        }

        /** The figures that decide whether the claim holds. */
        List<Figure> deciding() {
            Words words = lab.words();
            return Book.figures(this)
                    .filter(f -> f.verdict() != Verdict.NONE && words.decides(f.name()))
                    .toList();
        }

        Outcome outcome() {
            List<Figure> deciding = deciding();
            return deciding.isEmpty()
                    ? Outcome.OPEN
                    : deciding.stream().allMatch(f -> f.verdict() == Verdict.REACHED) ? Outcome.HELD : Outcome.FAILED;
        }

        /** How many published and derived results were reached, as a note beside the name of the lab. */
        String score() {
            long reached = with(Verdict.REACHED, COUNTED);
            long counted = reached + with(Verdict.MISSED, COUNTED);
            long missed = with(Verdict.MISSED);
            String all = counted == 0
                    ? "nothing published to compare with"
                    : line("%,d of %,d published or exact results reached", reached, counted);
            return shown == null
                    ? "no full run yet"
                    : all + (missed > 0 ? line("; %,d %s missed", missed, missed == 1 ? "band" : "bands") : "");
        }
    }

    /** Whether what a course claims was found here. */
    private enum Outcome {
        FAILED("The claim did not hold here"),
        HELD("The claim held here"),
        OPEN("Nothing decides this claim yet");

        final String words;

        Outcome(String words) {
            this.words = words;
        }
    }

    private record Part(Chapter chapter, List<Entry> entries) {}

    /** The labs that are in no chapter. */
    public static List<String> withoutChapter(List<String> labs) {
        List<String> told = Chapter.ALL.stream().flatMap(c -> c.labs().stream()).toList();
        return labs.stream().filter(lab -> !told.contains(lab)).toList();
    }

    /**
     * Writes the pages into {@code folder}; pages of an earlier book that are not in this one are removed.
     *
     * @return the page to begin with
     * @throws IllegalArgumentException if what a run left is damaged
     * @throws UncheckedIOException if a file cannot be read or written
     */
    public Path write(Path folder) {
        List<Part> parts = new ArrayList<>();
        for (Chapter chapter : Chapter.ALL) {
            List<Entry> entries = chapter.labs().stream()
                    .flatMap(name -> Stream.ofNullable(labs.get(name)))
                    .map(this::entry)
                    .toList();
            if (entries.isEmpty()) {
                remove(folder.resolve(chapter.file()));
            } else {
                parts.add(new Part(chapter, entries));
            }
        }
        for (int i = 0; i < parts.size(); i++) {
            chapter(parts, i, folder)
                    .write(folder.resolve(parts.get(i).chapter().file()));
        }
        Path index = folder.resolve(INDEX);
        index(parts).write(index);
        claims(parts).write(folder.resolve(CLAIMS));
        return index;
    }

    private static void copy(Path from, Path to) {
        try {
            Files.createDirectories(Objects.requireNonNull(to.getParent()));
            Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot copy " + from + ": " + AtomicFile.reason(e), e);
        }
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    private Entry entry(Experiment lab) {
        String name = lab.name();
        List<FinishedRun> finished = runs.stream()
                .flatMap(folder -> FinishedRun.read(folder.resolve(name), name).stream())
                .toList();
        Optional<FinishedRun> whole =
                finished.stream().filter(run -> !run.brief()).findFirst();
        return new Entry(
                lab,
                whole.map(FinishedRun::run).orElse(stored.get(name)),
                whole.or(() -> finished.stream().findFirst()));
    }

    private HtmlReport index(List<Part> parts) {
        List<Entry> all = parts.stream().flatMap(p -> p.entries().stream()).toList();
        long reached = count(all, Verdict.REACHED, COUNTED);
        long missed = count(all, Verdict.MISSED, COUNTED);
        List<StoredRun> shown =
                all.stream().map(Entry::shown).flatMap(Stream::ofNullable).toList();
        HtmlReport page = new HtmlReport("The book of Fathom's labs")
                .figure(
                        "Published and exact results reached",
                        line("%,d of %,d", reached, reached + missed),
                        missed == 0 ? "none is missed" : line("%,d missed, listed below", missed))
                .figure("Labs with a full run", line("%,d of %,d", shown.size(), all.size()))
                .figure(
                        "Figures measured",
                        line(
                                "%,d",
                                shown.stream()
                                        .mapToLong(r -> r.figures().size())
                                        .sum()))
                .figure(
                        "Time of the full runs",
                        line(
                                "%.1f h",
                                shown.stream().mapToDouble(StoredRun::seconds).sum() / 3600))
                .text("Each lab puts what a course on deep learning says to the test: the claim, what was "
                        + "measured, pictures, and the code. A band is the range in which a figure is expected. It is "
                        + "written down before the run, and most figures have none.")
                .table(
                        List.of("the band comes from", "reached", "missed"),
                        Stream.of(Kind.values())
                                .map(k -> List.of(
                                        KINDS.get(k),
                                        line("%,d", count(all, Verdict.REACHED, k)),
                                        line("%,d", count(all, Verdict.MISSED, k))))
                                .toList());
        page.links("Claims", true, List.of(new Link(CLAIMS, "", "Claims that did not hold, and the others", "")));
        page.section("Missed");
        Map<String, Map<String, String>> reasons = Expectations.misses();
        List<List<String>> rows = all.stream()
                .filter(e -> e.with(Verdict.MISSED) > 0)
                .flatMap(e -> figures(e)
                        .filter(f -> f.verdict() == Verdict.MISSED)
                        .map(f -> List.of(
                                e.lab().name() + ": " + f.name(),
                                f.value(),
                                f.expected(),
                                f.judgment(),
                                Objects.requireNonNull(f.kind()).word(),
                                reasons.getOrDefault(e.lab().name(), Map.of()).getOrDefault(f.name(), ""))))
                .toList();
        if (rows.isEmpty()) {
            page.text(reached == 0 ? "No result has a band yet." : "Every result with a band lies inside of it.");
        } else {
            page.table(List.of("figure", "measured", "expected", "verdict", "kind", "why"), rows);
        }
        if (!failures.isEmpty()) {
            page.section("Failed");
            failures.forEach((lab, why) -> page.text("The run of lab " + lab + " failed: " + why));
        }
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            page.section(title(parts, i))
                    .text(part.chapter().about())
                    .links("Labs of this chapter", false, links(part));
        }
        return page;
    }

    /** What the course claims, and first what of it did not hold here. */
    private static HtmlReport claims(List<Part> parts) {
        HtmlReport page = new HtmlReport("Claims and what became of them")
                .links("Chapters", true, List.of(new Link(INDEX, "", "All chapters", "")))
                .text(
                        "Each lab names the figures that decide its claim. A claim held if all of them lie in their bands.");
        for (Outcome outcome : Outcome.values()) {
            page.section(outcome.words);
            for (Part part : parts) {
                for (Entry e : part.entries()) {
                    if (e.outcome() == outcome) {
                        page.links(
                                e.lab().name(),
                                false,
                                List.of(link(part, e, e.lab().words().front("claim"))));
                        table(page, e.deciding());
                    }
                }
            }
        }
        return page;
    }

    private static Link link(Part part, Entry e, String note) {
        return new Link(part.chapter().file(), e.lab().name(), e.lab().name(), note);
    }

    private static long count(List<Entry> all, Verdict verdict, Kind... kinds) {
        return all.stream().mapToLong(e -> e.with(verdict, kinds)).sum();
    }

    private static Stream<Figure> figures(Entry entry) {
        return Stream.ofNullable(entry.shown()).flatMap(run -> run.figures().stream());
    }

    private static List<Link> links(Part part) {
        return part.entries().stream()
                .map(e -> link(part, e, e.lab().shows() + " (" + e.score() + ")"))
                .toList();
    }

    private static String title(List<Part> parts, int i) {
        return (i + 1) + ". " + parts.get(i).chapter().title();
    }

    private HtmlReport chapter(List<Part> parts, int i, Path folder) {
        Part part = parts.get(i);
        HtmlReport page = new HtmlReport(title(parts, i));
        page.links("Chapters", true, around(parts, i)).text(part.chapter().about());
        part.entries().forEach(entry -> section(page, entry, folder));
        List<Exercise> exercises = Exercise.all(root, part.chapter());
        if (!exercises.isEmpty()) {
            page.section("Exercises", "exercises");
            exercises.forEach(exercise -> exercise.show(page));
        }
        return page.section("Chapters").links("Chapters", true, around(parts, i));
    }

    private static List<Link> around(List<Part> parts, int i) {
        List<Link> links = new ArrayList<>(List.of(new Link(INDEX, "", "All chapters", "")));
        if (i > 0) {
            links.add(new Link(parts.get(i - 1).chapter().file(), "", "← " + title(parts, i - 1), ""));
        }
        if (i + 1 < parts.size()) {
            links.add(new Link(parts.get(i + 1).chapter().file(), "", title(parts, i + 1) + " →", ""));
        }
        return links;
    }

    private void section(HtmlReport page, Entry entry, Path folder) {
        String name = entry.lab().name();
        List<Embedded> pictures = entry.run()
                .map(run -> HtmlReport.pictures(run.page()))
                .orElseGet(() -> StoredPicture.read(this.pictures, name));
        int chosen = entry.run()
                .map(run -> StoredPicture.chosen(run, entry.lab().words().front("picture")))
                .orElse(0);
        page.section(name, name)
                .note("The course claims", entry.lab().words().front("claim"))
                .note("Fathom measured", entry.outcome().words + ". " + sentence(entry))
                .text("This lab shows " + entry.lab().shows() + ".");
        if (failures.containsKey(name)) {
            page.note("The run failed", failures.get(name));
        }
        if (entry.run().filter(FinishedRun::brief).isPresent()) {
            page.note("A short run", "The pictures below come from a part of the data and few epochs.");
        }
        if (pictures.isEmpty()) {
            page.text("There are no pictures yet; ./fathom book --run short --only " + name + " draws them.");
        } else {
            page.picture(pictures.get(chosen));
        }
        entry.lab().words().formula().ifPresent(page::pre);
        entry.lab().net().ifPresent(net -> draw(page, net));
        measured(page, entry);
        if (pictures.size() > 1) {
            page.details(
                    line("%,d more pictures", pictures.size() - 1),
                    all -> pictures.stream()
                            .filter(p -> !p.equals(pictures.get(chosen)))
                            .forEach(all::picture));
        }
        Map<String, String> code = LabCode.of(entry.lab().getClass(), root);
        code.forEach((file, text) ->
                page.details(line("%s, %,d lines", file, text.lines().count()), all -> all.pre(text)));
        made(page, entry);
        entry.run().filter(run -> !run.brief()).ifPresent(run -> {
            copy(run.page(), folder.resolve("lab-" + name + ".html"));
            page.link("lab-" + name + ".html", "the whole page of this run");
        });
    }

    private static void draw(HtmlReport page, Diagram net) {
        try {
            page.captioned(net.render(), "The network, with the shapes of what its layers make of one example");
        } catch (IllegalStateException e) { // there are no fonts
            page.text(String.valueOf(e.getMessage()));
        }
    }

    private static void measured(HtmlReport page, Entry entry) {
        StoredRun run = entry.shown();
        if (run == null) {
            run = entry.run().map(FinishedRun::run).orElse(null);
            if (run == null) {
                return;
            }
            page.text("These are the figures of a short run, which are held to no bands.");
        }
        // what is held to a band comes first, and what is missed before all
        Map<Verdict, List<Figure>> byVerdict = run.figures().stream().collect(Collectors.groupingBy(Figure::verdict));
        List<Figure> figures = new ArrayList<>();
        List.of(Verdict.MISSED, Verdict.REACHED, Verdict.NONE)
                .forEach(verdict -> figures.addAll(byVerdict.getOrDefault(verdict, List.of())));
        int rows = figures.size() <= ROWS + 2 ? figures.size() : ROWS;
        table(page, figures.subList(0, rows));
        if (rows < figures.size()) {
            page.details(
                    line("%,d more figures", figures.size() - rows),
                    all -> table(all, figures.subList(rows, figures.size())));
        }
    }

    private static void made(HtmlReport page, Entry entry) {
        StoredRun run = entry.shown();
        if (run != null) {
            page.small(line(
                    "./fathom lab %s --seed %d, %s, commit %s, %s. %s.",
                    run.lab(), run.seed(), run.date(), run.commit(), run.cost(), run.data()));
        }
    }

    private static String sentence(Entry entry) {
        if (entry.shown() == null) {
            return "No full run is stored yet; ./fathom lab " + entry.lab().name() + " makes one.";
        }
        String score = entry.score();
        List<String> missed = figures(entry)
                .filter(f -> f.verdict() == Verdict.MISSED)
                .map(f -> f.name() + ", " + f.value() + " where " + f.expected() + " is expected")
                .toList();
        int told = missed.size() <= TOLD + 1 ? missed.size() : TOLD;
        return score.substring(0, 1).toUpperCase(Locale.ROOT) + score.substring(1) + "."
                + (missed.isEmpty() ? "" : " Outside their bands: " + String.join("; ", missed.subList(0, told)))
                + (told < missed.size() ? line("; and %,d others", missed.size() - told) : "")
                + (missed.isEmpty() ? "" : ".");
    }

    private static void table(HtmlReport page, List<Figure> figures) {
        if (!figures.isEmpty()) {
            Figures table = Figures.of(figures);
            page.table(table.header(), table.rows());
        }
    }
}
