using System.Globalization;
using NodaTime;

namespace RateLimiter.Domain.Policies;

/// <summary>
/// A local date and time at which a period of a calendar begins. All other periods are counted from it, in both directions.
/// </summary>
public readonly record struct CalendarAnchor
{
    public const int MinYear = 1970;
    public const int MaxYear = 2100;

    private const string Date = "yyyy-MM-dd";
    private const string DateAndTime = "yyyy-MM-dd'T'HH:mm:ss";

    private static readonly string[] Forms = [Date, "yyyy-MM-dd'T'HH:mm", DateAndTime];

    private CalendarAnchor(LocalDateTime local) => Local = local;

    internal LocalDateTime Local { get; }

    /// <summary>
    /// Describes what is wrong with an anchor; null when <see cref="Parse"/> reads it. It has no offset, because its time zone
    /// is that of the limit.
    /// </summary>
    public static string? Problem(string text) =>
        TryParse(text) is null
            ? $"must be a date or a date and time without offset, from {MinYear} to {MaxYear}, such as 2026-01-31 or "
                + "2026-01-31T09:30"
            : null;

    /// <exception cref="FormatException"><see cref="Problem"/> describes it.</exception>
    public static CalendarAnchor Parse(string text) =>
        TryParse(text) ?? throw new FormatException($"The anchor {Problem(text)}.");

    /// <summary>The shortest form: a date when the time is midnight.</summary>
    public override string ToString() =>
        Local
            .ToDateTimeUnspecified()
            .ToString(
                Local.TimeOfDay == LocalTime.Midnight ? Date : DateAndTime,
                CultureInfo.InvariantCulture
            );

    private static CalendarAnchor? TryParse(string text) =>
        DateTime.TryParseExact(
            text,
            Forms,
            CultureInfo.InvariantCulture,
            DateTimeStyles.None,
            out var read
        ) && read.Year is >= MinYear and <= MaxYear
            ? new CalendarAnchor(LocalDateTime.FromDateTime(read))
            : null;
}
