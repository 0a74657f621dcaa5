// The same from Java, by JNI: java -Djava.library.path=… Status FOLDER FINGERPRINT EDITION
public final class Status {
    private static final int LICENSED = 2;

    static {
        System.loadLibrary("muster_jni");
    }

    /** A handle, or the number of an error below zero. */
    private static native long open(String folder, String fingerprint, String edition);

    private static native void free(long handle);

    private static native int state(long handle);

    private static native String stateName(long handle);

    private static native long daysLeft(long handle);

    private static native String errorCode(int error);

    private static native String errorHint(int error);

    public static void main(String[] words) {
        if (words.length != 3) {
            System.err.println("usage: Status FOLDER FINGERPRINT EDITION");
            System.exit(2);
        }
        long handle = open(words[0], words[1], words[2]);
        if (handle < 0) {
            System.err.println(errorCode((int) -handle) + ": " + errorHint((int) -handle));
            System.exit(2);
        }
        System.out.println(stateName(handle) + ", " + daysLeft(handle) + " days left");
        int code = state(handle) == LICENSED ? 0 : 1;
        free(handle);
        System.exit(code);
    }
}
