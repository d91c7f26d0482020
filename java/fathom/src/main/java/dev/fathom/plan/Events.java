package dev.fathom.plan;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** What the JDK's Flight Recorder is told of plans. Where nothing records, none of these classes is loaded. */
final class Events {
    private Events() {}

    @Name("dev.fathom.Run")
    @Label("Run of a Plan")
    @Category("Fathom")
    @StackTrace(false)
    static final class Run extends Event {
        @Label("Batch Size")
        int batch;

        @Label("Length")
        int length;
    }

    @Name("dev.fathom.Freeze")
    @Label("Freezing of a Plan")
    @Category("Fathom")
    static final class Freeze extends Event {
        @Label("Calls")
        int calls;

        @Label("Weights")
        @DataAmount
        long weights;
    }

    @Name("dev.fathom.Load")
    @Label("Loading of Plans")
    @Category("Fathom")
    static final class Load extends Event {
        @Label("File")
        @Nullable
        String file;

        @Label("Weights")
        @DataAmount
        long weights;

        @Label("Mapped")
        boolean mapped;
    }

    /** What names their classes; loaded when something has recorded at least once. */
    private static final class Made {
        static final EventType RUN = EventType.getEventType(Run.class);

        static @Nullable Run run() {
            return RUN.isEnabled() ? begun(new Run()) : null;
        }

        static Freeze freeze() {
            return begun(new Freeze());
        }

        static Load load() {
            return begun(new Load());
        }

        private static <E extends Event> E begun(E event) {
            event.begin();
            return event;
        }
    }

    static @Nullable Run run() {
        return FlightRecorder.isInitialized() ? Made.run() : null;
    }

    static @Nullable Freeze freeze() {
        return FlightRecorder.isInitialized() ? Made.freeze() : null;
    }

    static @Nullable Load load() {
        return FlightRecorder.isInitialized() ? Made.load() : null;
    }
}
