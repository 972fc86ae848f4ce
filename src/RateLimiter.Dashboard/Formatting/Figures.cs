using System.Globalization;

namespace RateLimiter.Dashboard.Formatting;

/// <summary>The format of numbers.</summary>
public static class Figures
{
    public static string Text(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A part of a whole in percent; a dash when the whole is 0.</summary>
    public static string Share(long part, long whole) =>
        whole == 0 ? "–"
        : part > 0 && part * 1000 < whole ? "<\u00A00.1\u00A0%"
        : string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:0.#}\u00A0%");

    /// <summary>A short time with its unit; a dash for none.</summary>
    public static string Text(TimeSpan? time) =>
        time switch
        {
            null => "–",
            { TotalMilliseconds: < 1 } it => $"{it.TotalMicroseconds:0} µs",
            { TotalMilliseconds: < 100 } it => string.Create(
                CultureInfo.InvariantCulture,
                $"{it.TotalMilliseconds:0.0} ms"
            ),
            { } it => $"{it.TotalMilliseconds:0} ms",
        };
}
