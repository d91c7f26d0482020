package dev.fathom.view;

import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import java.io.Console;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressState;
import org.jspecify.annotations.Nullable;

/**
 * Shows the progress of training. On a terminal it draws a bar for each epoch, with the running loss, images per second
 * and the time left of the whole training, and replaces it by one line of figures when the epoch ends. Elsewhere (a
 * file, a pipe, a build log) it prints only that line for each epoch, without control characters.
 *
 * <pre>epoch  3/30  loss 0.4207  accuracy 84.71 %  val_loss 0.3611  val_accuracy 86.98 %  231,402 examples/s  7 s left
 * </pre>
 *
 * <p>On a terminal that is too narrow, the line leaves out the pace, and then the word epoch.
 *
 * <p>A step only reads the clock; the bar itself is drawn ten times a second by a daemon thread, which never keeps the
 * JVM alive. Images per second count training alone, and the time left includes validation. One bar serves one training
 * at a time.
 */
public final class ProgressBar implements Callback {
    private static final long REDRAW_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final String CLEAR = "\r\u001b[K";
    private static final String EIGHTHS = " ▏▎▍▌▋▊▉█";

    private final PrintStream out;
    private final boolean terminal;
    private final boolean blocks;
    private final LongSupplier nanos;
    private final int width;

    private me.tongfei.progressbar.@Nullable ProgressBar
            bar; // null between epochs, and always where there is no terminal
    private String unit = "examples";
    private long began;
    private long epochBegan;
    private long lastStep;
    private long lastRedraw;
    private double finishedSeconds;
    private int finished;

    /**
     * Writes to standard output: a bar if that is a terminal ({@code TERM} is set and not {@code dumb}), and lines if
     * it is not.
     */
    public ProgressBar() {
        this(System.out, onTerminal(), System::nanoTime);
    }

    /**
     * Returns a bar that is redrawn in place on {@code terminal}, which moves its cursor on carriage return and is not
     * closed.
     */
    public static ProgressBar bar(PrintStream terminal) {
        return new ProgressBar(terminal, true, System::nanoTime);
    }

    /** Returns a bar that writes one line for each epoch to {@code out}, a file or a log, which is not closed. */
    public static ProgressBar lines(PrintStream out) {
        return new ProgressBar(out, false, System::nanoTime);
    }

    ProgressBar(PrintStream out, boolean terminal, LongSupplier nanos) {
        this.out = out;
        this.terminal = terminal;
        this.nanos = nanos;
        Console console = System.console();
        Charset charset = console == null ? StandardCharsets.US_ASCII : console.charset();
        blocks = charset.newEncoder().canEncode(EIGHTHS);
        width = terminal ? Math.min(columns(), 120) - 1 : 0;
    }

    /** Calls the examples by another name than {@code examples}, such as {@code sentences}. */
    public ProgressBar unit(String plural) {
        unit = plural;
        return this;
    }

    @Override
    public void onTrainBegin(Run run) {
        began = nanos.getAsLong();
        epochBegan = began;
        lastStep = began;
        finishedSeconds = 0;
        finished = 0;
    }

    @Override
    public void onStepEnd(Run run) {
        lastStep = nanos.getAsLong();
        if (!terminal
                || (bar != null
                        && lastStep - lastRedraw < REDRAW_NANOS
                        && run.progress().step() < run.progress().steps())) {
            return;
        }
        lastRedraw = lastStep;
        if (bar == null) {
            bar = new ProgressBarBuilder()
                    .setTaskName(title(run))
                    .setInitialMax(run.progress().steps())
                    .setRenderer(this::render)
                    .setUpdateIntervalMillis((int) TimeUnit.NANOSECONDS.toMillis(REDRAW_NANOS))
                    .setConsumer(new Line())
                    .build();
        }
        double done =
                (double) run.progress().step() / Math.max(1, run.progress().steps());
        double epochSeconds = finished > 0 ? finishedSeconds / finished : seconds(lastStep - epochBegan) / done;
        double left = epochSeconds * (run.progress().epochs() - run.progress().epoch() + 1 - done);
        bar.setExtraMessage(
                "loss " + Numbers.figure("loss", run.progress().loss()) + "  " + rate(run) + "  " + left(left));
        bar.stepTo(run.progress().step());
    }

    @Override
    public void onEpochEnd(Run run, EpochLog log) {
        long now = nanos.getAsLong();
        finished++;
        finishedSeconds = seconds(now - began);
        StringBuilder figures = new StringBuilder();
        log.values()
                .forEach((name, x) ->
                        figures.append("  ").append(name).append(' ').append(Numbers.figure(name, x)));
        int epochsLeft = run.progress().epochs() - run.progress().epoch();
        String pace = "  " + rate(run) + "  "
                + (epochsLeft > 0
                        ? left(finishedSeconds / finished * epochsLeft)
                        : "done in " + Numbers.duration(finishedSeconds));
        String line = title(run) + figures + pace;
        if (terminal && line.length() > width) { // the bar has told the pace; 80 columns hold the figures
            line = title(run) + figures;
            line = line.length() > width ? line.replaceFirst("epoch ", "") : line;
        }
        erase();
        out.println(line);
        out.flush();
        epochBegan = nanos.getAsLong();
        lastStep = epochBegan;
    }

    @Override
    public void onTrainEnd(Run run) {
        if (bar != null) { // ended inside an epoch: leave the bar where it stood
            closeBar();
            out.println();
            out.flush();
        }
    }

    private void erase() {
        if (closeBar()) {
            out.print(CLEAR);
        }
    }

    /** Closes the bar and returns whether there was one. */
    private boolean closeBar() {
        if (bar == null) {
            return false;
        }
        boolean interrupted = Thread.interrupted(); // close() would swallow it and not wait for the last drawing
        bar.close();
        bar = null;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return true;
    }

    private String render(ProgressState state, int width) {
        if (state.getExtraMessage().isEmpty()) { // the first step is still being told
            return state.getTaskName();
        }
        String title = state.getTaskName() + " [";
        String message = "] " + state.getExtraMessage();
        int room = width - title.length() - message.length();
        if (room < 4) { // a narrow terminal: the figures say more than the bar
            String narrow = state.getTaskName() + " " + state.getExtraMessage();
            return narrow.substring(0, Math.min(width, narrow.length()));
        }
        double done = room * state.getNormalizedProgress();
        int whole = (int) done;
        String bar = (blocks ? "█" : "=").repeat(whole);
        if (whole < room) {
            bar += blocks ? EIGHTHS.charAt((int) (8 * (done - whole))) : ' ';
        }
        return title + bar + " ".repeat(room - bar.length()) + message;
    }

    private static String title(Run run) {
        String of = Integer.toString(run.progress().epochs());
        return String.format(
                Locale.ROOT, "epoch %" + of.length() + "d/%s", run.progress().epoch(), of);
    }

    private String rate(Run run) {
        double training = seconds(lastStep - epochBegan);
        return (training > 0 ? Numbers.count(Math.round(run.progress().examples() / training)) : "?") + " " + unit
                + "/s";
    }

    private static String left(double seconds) {
        return Numbers.duration(Math.ceil(seconds - 1e-6)) + " left"; // no "0 s" while there is something left
    }

    private static double seconds(long nanos) {
        return nanos * 1e-9;
    }

    /**
     * Returns whether standard output is a terminal that moves its cursor: {@code TERM} is set and not {@code dumb}.
     */
    public static boolean onTerminal() {
        String term = System.getenv("TERM");
        Console console = System.console();
        if (console == null || term == null || term.equals("dumb")) {
            return false;
        }
        try { // since JDK 22 a console may exist without a terminal, and says so
            return (Boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }

    /** Asks {@code stty}: one short process, where JLine would load a library and replace the JVM's signal handlers. */
    private static int columns() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(Path.of("/dev/tty").toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (stty.waitFor(1, TimeUnit.SECONDS)) {
                String[] size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                        .trim()
                        .split(" ");
                int columns = size.length == 2 ? Integer.parseInt(size[1]) : 0;
                return columns >= 20 ? columns : 80;
            }
            stty.destroy();
        } catch (IOException | NumberFormatException e) {
            return 80; // no terminal of our own, or a stty with other ideas
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return 80;
    }

    /** One line of the terminal, redrawn in place. */
    private final class Line implements ProgressBarConsumer {
        @Override
        public int getMaxRenderedLength() {
            return width;
        }

        @Override
        public void accept(String rendered) {
            out.print("\r" + rendered + "\u001b[K");
            out.flush();
        }

        @Override
        public void clear() {
            out.print(CLEAR);
        }

        @Override
        public void close() {
            out.flush();
        }
    }
}
