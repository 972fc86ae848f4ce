using NodaTime;
using NodaTime.TimeZones;

namespace RateLimiter.Domain.Policies;

/// <summary>
/// The time zones of the IANA database, from the copy in NodaTime: the rules are a part of the product and do not depend on the
/// machine.
/// </summary>
public static class TimeZones
{
    public const string Utc = "UTC";

    /// <summary>The release of the database, such as 2026a.</summary>
    public static string Version => TzdbDateTimeZoneSource.Default.TzdbVersion;

    /// <summary>Describes what is wrong with the name of a time zone; null when the name is valid.</summary>
    /// <remarks>
    /// Valid are <c>UTC</c> and every name of the database with an area, such as <c>Europe/Berlin</c>, <c>US/Pacific</c> or
    /// <c>Etc/GMT+1</c>. Names without an area are abbreviations (<c>CET</c>, <c>EST5EDT</c>, <c>GMT</c>), countries
    /// (<c>Japan</c>) or offsets (<c>UTC+01</c>), which the database keeps only for old systems. Their meaning
    /// surprises: <c>EST</c> is the time of Panama, without daylight saving time. Names are compared byte for byte.
    /// </remarks>
    public static string? Problem(string name) =>
        name != Utc && !name.Contains('/')
            ? $"must be {Utc} or the IANA name of a time zone with its area, such as Europe/Berlin; abbreviations and offsets "
                + "are not valid"
        : DateTimeZoneProviders.Tzdb.GetZoneOrNull(name) is null
            ? $"must be a time zone of the IANA database {Version}, in its spelling, such as Europe/Berlin"
        : null;

    /// <exception cref="ArgumentException"><see cref="Problem"/> describes it.</exception>
    internal static DateTimeZone Get(string name) =>
        Problem(name) is { } problem
            ? throw new ArgumentException($"The time zone {problem}.", nameof(name))
            : DateTimeZoneProviders.Tzdb[name];
}
