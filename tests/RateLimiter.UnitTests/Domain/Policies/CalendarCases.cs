using System.Globalization;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Policies;

/// <summary>A schedule, an instant, and the period that contains it.</summary>
public sealed record CalendarCase(
    CalendarUnit Unit,
    string Zone,
    string? Anchor,
    long At,
    CalendarPeriod Period
);

/// <summary>Periods that were worked out by hand, from the dates at which the clocks of the zones were changed.</summary>
internal static class CalendarCases
{
    // The columns: unit, time zone, anchor ("-" is the calendar's own), instant, first moment, first moment after it.
    private const string Table = """
        # Days of 23, 24 and 25 hours.
        day UTC                   - 2025-03-30T12:00+00:00 2025-03-30T00:00+00:00 2025-03-31T00:00+00:00
        day Europe/Berlin         - 2025-03-30T12:00+02:00 2025-03-30T00:00+01:00 2025-03-31T00:00+02:00
        day Europe/Berlin         - 2025-10-26T12:00+01:00 2025-10-26T00:00+02:00 2025-10-27T00:00+01:00
        day Europe/Berlin         - 2025-10-26T02:30+02:00 2025-10-26T00:00+02:00 2025-10-27T00:00+01:00
        day Europe/Berlin         - 2025-10-26T02:30+01:00 2025-10-26T00:00+02:00 2025-10-27T00:00+01:00
        day America/New_York      - 2025-03-09T12:00-04:00 2025-03-09T00:00-05:00 2025-03-10T00:00-04:00
        day America/New_York      - 2025-11-02T12:00-05:00 2025-11-02T00:00-04:00 2025-11-03T00:00-05:00
        day Asia/Kathmandu        - 2025-05-04T18:15+00:00 2025-05-05T00:00+05:45 2025-05-06T00:00+05:45
        # The clock of Lord Howe is changed by half an hour, that of Pyongyang was.
        day Australia/Lord_Howe   - 2025-10-05T12:00+11:00 2025-10-05T00:00+10:30 2025-10-06T00:00+11:00
        day Australia/Lord_Howe   - 2025-04-06T12:00+10:30 2025-04-06T00:00+11:00 2025-04-07T00:00+10:30
        day Asia/Pyongyang        - 2015-08-14T23:45+08:30 2015-08-14T00:00+09:00 2015-08-15T00:00+08:30
        # Days that do not exist: 2011-12-30 in Apia and 1993-08-21 in Kwajalein.
        day Pacific/Apia          - 2011-12-29T12:00-10:00 2011-12-29T00:00-10:00 2011-12-31T00:00+14:00
        day Pacific/Apia          - 2011-12-31T12:00+14:00 2011-12-31T00:00+14:00 2012-01-01T00:00+14:00
        day Pacific/Kwajalein     - 1993-08-20T12:00-12:00 1993-08-20T00:00-12:00 1993-08-22T00:00+12:00
        # A midnight that does not exist.
        day Africa/Cairo          - 2024-04-25T12:00+02:00 2024-04-25T00:00+02:00 2024-04-26T01:00+03:00
        day Africa/Cairo          - 2024-04-26T12:00+03:00 2024-04-26T01:00+03:00 2024-04-27T00:00+03:00
        day America/Sao_Paulo     - 2018-11-04T12:00-02:00 2018-11-04T01:00-02:00 2018-11-05T00:00-02:00
        # At midnight the clock is set back to 23:00.
        day Africa/Cairo          - 2024-10-31T23:30+02:00 2024-10-31T00:00+03:00 2024-11-01T00:00+02:00
        day America/Sao_Paulo     - 2018-02-17T23:30-03:00 2018-02-17T00:00-02:00 2018-02-18T00:00-03:00
        # A midnight that exists twice.
        day America/Havana        - 2025-11-02T00:30-04:00 2025-11-02T00:00-04:00 2025-11-03T00:00-05:00
        day America/Havana        - 2025-11-02T00:30-05:00 2025-11-02T00:00-04:00 2025-11-03T00:00-05:00
        # Rules that changed: Cairo had no summer time from 2015 to 2022, Istanbul has had nothing else since 2016.
        day Africa/Cairo          - 2019-04-26T12:00+02:00 2019-04-26T00:00+02:00 2019-04-27T00:00+02:00
        day Europe/Istanbul       - 2015-11-08T12:00+02:00 2015-11-08T00:00+03:00 2015-11-09T00:00+02:00
        day Europe/Istanbul       - 2016-10-30T12:00+03:00 2016-10-30T00:00+03:00 2016-10-31T00:00+03:00
        # Days that begin at another time, which may not exist or exist twice.
        day Europe/Berlin 2026-01-31T02:30 2025-03-30T12:00+02:00 2025-03-30T03:00+02:00 2025-03-31T02:30+02:00
        day Europe/Berlin 2026-01-31T02:30 2025-10-26T02:30+01:00 2025-10-26T02:30+02:00 2025-10-27T02:30+01:00
        day Europe/Berlin 2026-01-31T02:45 2025-10-26T02:30+01:00 2025-10-26T02:45+02:00 2025-10-27T02:45+01:00
        day Europe/Berlin 2026-01-31T23:59:59 2026-02-01T23:59:58+01:00 2026-01-31T23:59:59+01:00 2026-02-01T23:59:59+01:00

        # Hours that the clock skips or repeats.
        hour Europe/Berlin        - 2025-03-30T01:30+01:00 2025-03-30T01:00+01:00 2025-03-30T03:00+02:00
        hour Europe/Berlin        - 2025-03-30T03:30+02:00 2025-03-30T03:00+02:00 2025-03-30T04:00+02:00
        hour Europe/Berlin        - 2025-10-26T02:30+02:00 2025-10-26T02:00+02:00 2025-10-26T02:00+01:00
        hour Europe/Berlin        - 2025-10-26T02:30+01:00 2025-10-26T02:00+01:00 2025-10-26T03:00+01:00
        hour America/New_York     - 2025-11-02T01:59-04:00 2025-11-02T01:00-04:00 2025-11-02T01:00-05:00
        hour America/New_York     - 2025-11-02T01:00-05:00 2025-11-02T01:00-05:00 2025-11-02T02:00-05:00
        hour Pacific/Apia         - 2011-12-29T23:30-10:00 2011-12-29T23:00-10:00 2011-12-31T00:00+14:00
        hour Pacific/Apia         - 2011-12-31T00:30+14:00 2011-12-31T00:00+14:00 2011-12-31T01:00+14:00
        # Two hours in Troll.
        hour Antarctica/Troll     - 2025-03-30T00:30+00:00 2025-03-30T00:00+00:00 2025-03-30T03:00+02:00
        hour Antarctica/Troll     - 2025-10-26T02:30+02:00 2025-10-26T02:00+02:00 2025-10-26T01:00+00:00
        hour Antarctica/Troll     - 2025-10-26T02:30+00:00 2025-10-26T02:00+00:00 2025-10-26T03:00+00:00
        # Half an hour.
        hour Australia/Lord_Howe  - 2025-10-05T01:30+10:30 2025-10-05T01:00+10:30 2025-10-05T02:30+11:00
        hour Australia/Lord_Howe  - 2025-10-05T02:45+11:00 2025-10-05T02:30+11:00 2025-10-05T03:00+11:00
        hour Australia/Lord_Howe  - 2025-04-06T01:45+11:00 2025-04-06T01:00+11:00 2025-04-06T01:30+10:30
        hour Australia/Lord_Howe  - 2025-04-06T01:45+10:30 2025-04-06T01:30+10:30 2025-04-06T02:00+10:30
        hour Asia/Pyongyang       - 2015-08-14T23:45+09:00 2015-08-14T23:00+09:00 2015-08-14T23:30+08:30
        hour Asia/Pyongyang       - 2015-08-14T23:45+08:30 2015-08-14T23:30+08:30 2015-08-15T00:00+08:30
        hour America/Caracas      - 2007-12-09T02:45-04:30 2007-12-09T02:30-04:30 2007-12-09T03:00-04:30
        # At a quarter to four, to a quarter to three.
        hour Pacific/Chatham      - 2025-04-06T03:30+13:45 2025-04-06T03:00+13:45 2025-04-06T02:45+12:45
        hour Pacific/Chatham      - 2025-04-06T02:50+12:45 2025-04-06T02:45+12:45 2025-04-06T03:00+12:45
        hour Pacific/Chatham      - 2025-04-06T03:30+12:45 2025-04-06T03:00+12:45 2025-04-06T04:00+12:45
        # Hours of the wall clock where it differs from UTC by a part of an hour.
        hour Asia/Kathmandu       - 2025-05-05T10:20+00:00 2025-05-05T16:00+05:45 2025-05-05T17:00+05:45
        hour Asia/Kolkata         - 2025-05-05T10:20+00:00 2025-05-05T15:00+05:30 2025-05-05T16:00+05:30
        hour UTC                  - 2016-12-31T23:59:59.999999+00:00 2016-12-31T23:00+00:00 2017-01-01T00:00+00:00
        # Hours that begin at another minute.
        hour Asia/Kathmandu 2026-01-31T00:45 2025-05-05T16:44+05:45 2025-05-05T15:45+05:45 2025-05-05T16:45+05:45
        hour Europe/Berlin 2026-01-31T09:15 2025-03-30T01:30+01:00 2025-03-30T01:15+01:00 2025-03-30T03:00+02:00
        hour Europe/Berlin 2026-01-31T09:15 2025-03-30T03:10+02:00 2025-03-30T03:00+02:00 2025-03-30T03:15+02:00
        hour Europe/Berlin 2026-01-31T09:15 2025-10-26T02:30+02:00 2025-10-26T02:15+02:00 2025-10-26T02:00+01:00
        hour Europe/Berlin 2026-01-31T09:15 2025-10-26T02:10+01:00 2025-10-26T02:00+01:00 2025-10-26T02:15+01:00
        hour Australia/Lord_Howe 2026-01-31T00:45 2025-10-05T01:50+10:30 2025-10-05T01:45+10:30 2025-10-05T02:45+11:00
        hour Australia/Lord_Howe 2026-01-31T00:45 2025-10-05T02:40+11:00 2025-10-05T01:45+10:30 2025-10-05T02:45+11:00
        hour Australia/Lord_Howe 2026-01-31T00:45 2025-04-06T01:50+11:00 2025-04-06T01:45+11:00 2025-04-06T01:30+10:30
        hour Australia/Lord_Howe 2026-01-31T00:45 2025-04-06T01:40+10:30 2025-04-06T01:30+10:30 2025-04-06T01:45+10:30
        # The rule of Istanbul changed at midnight, its clock did not.
        hour Europe/Istanbul 2026-01-31T00:30 2016-09-06T23:45+03:00 2016-09-06T23:30+03:00 2016-09-07T00:30+03:00
        hour Europe/Istanbul 2026-01-31T00:30 2016-09-07T00:15+03:00 2016-09-06T23:30+03:00 2016-09-07T00:30+03:00

        # The ISO week, at the end of a year, before 1970, and when the clock is changed.
        week UTC                  - 2026-01-01T12:00+00:00 2025-12-29T00:00+00:00 2026-01-05T00:00+00:00
        week UTC                  - 2027-01-01T12:00+00:00 2026-12-28T00:00+00:00 2027-01-04T00:00+00:00
        week UTC                  - 1969-12-31T12:00+00:00 1969-12-29T00:00+00:00 1970-01-05T00:00+00:00
        week Europe/Berlin        - 2025-03-30T23:59+02:00 2025-03-24T00:00+01:00 2025-03-31T00:00+02:00
        week Europe/Berlin        - 2025-10-26T23:59+01:00 2025-10-20T00:00+02:00 2025-10-27T00:00+01:00
        # Weeks from Sunday, from Friday at five in the afternoon, and from a Friday that did not exist.
        week America/New_York 2026-02-01 2026-01-31T23:59-05:00 2026-01-25T00:00-05:00 2026-02-01T00:00-05:00
        week America/New_York 2026-02-01 2026-03-08T12:00-04:00 2026-03-08T00:00-05:00 2026-03-15T00:00-04:00
        week Europe/Berlin 2026-01-30T17:00 2026-02-06T16:59+01:00 2026-01-30T17:00+01:00 2026-02-06T17:00+01:00
        week Pacific/Apia 2011-12-23 2012-01-01T12:00+14:00 2011-12-31T00:00+14:00 2012-01-06T00:00+14:00

        # Months.
        month Europe/Berlin       - 2026-03-15T12:00+01:00 2026-03-01T00:00+01:00 2026-04-01T00:00+02:00
        month Europe/Berlin       - 2026-10-15T12:00+02:00 2026-10-01T00:00+02:00 2026-11-01T00:00+01:00
        month Asia/Kathmandu      - 2025-12-31T18:20+00:00 2026-01-01T00:00+05:45 2026-02-01T00:00+05:45
        month Pacific/Kiritimati  - 2024-12-31T10:00+00:00 2025-01-01T00:00+14:00 2025-02-01T00:00+14:00
        month Etc/GMT+12          - 2025-01-01T11:59+00:00 2024-12-01T00:00-12:00 2025-01-01T00:00-12:00
        # The 31st in every month, in leap years and others, after the anchor and before it.
        month Europe/Berlin 2026-01-31 2026-02-10T12:00+01:00 2026-01-31T00:00+01:00 2026-02-28T00:00+01:00
        month Europe/Berlin 2026-01-31 2026-03-10T12:00+01:00 2026-02-28T00:00+01:00 2026-03-31T00:00+02:00
        month Europe/Berlin 2026-01-31 2026-04-10T12:00+02:00 2026-03-31T00:00+02:00 2026-04-30T00:00+02:00
        month Europe/Berlin 2026-01-31 2026-05-10T12:00+02:00 2026-04-30T00:00+02:00 2026-05-31T00:00+02:00
        month Europe/Berlin 2026-01-31 2026-06-10T12:00+02:00 2026-05-31T00:00+02:00 2026-06-30T00:00+02:00
        month Europe/Berlin 2026-01-31 2026-07-10T12:00+02:00 2026-06-30T00:00+02:00 2026-07-31T00:00+02:00
        month Europe/Berlin 2026-01-31 2026-08-10T12:00+02:00 2026-07-31T00:00+02:00 2026-08-31T00:00+02:00
        month Europe/Berlin 2026-01-31 2026-09-10T12:00+02:00 2026-08-31T00:00+02:00 2026-09-30T00:00+02:00
        month Europe/Berlin 2026-01-31 2026-10-10T12:00+02:00 2026-09-30T00:00+02:00 2026-10-31T00:00+01:00
        month Europe/Berlin 2026-01-31 2026-11-10T12:00+01:00 2026-10-31T00:00+01:00 2026-11-30T00:00+01:00
        month Europe/Berlin 2026-01-31 2026-12-10T12:00+01:00 2026-11-30T00:00+01:00 2026-12-31T00:00+01:00
        month Europe/Berlin 2026-01-31 2027-01-10T12:00+01:00 2026-12-31T00:00+01:00 2027-01-31T00:00+01:00
        month Europe/Berlin 2026-01-31 2028-02-10T12:00+01:00 2028-01-31T00:00+01:00 2028-02-29T00:00+01:00
        month Europe/Berlin 2026-01-31 2028-03-10T12:00+01:00 2028-02-29T00:00+01:00 2028-03-31T00:00+02:00
        month UTC 2026-01-31 2000-02-10T12:00+00:00 2000-01-31T00:00+00:00 2000-02-29T00:00+00:00
        month UTC 2026-01-31 2100-02-10T12:00+00:00 2100-01-31T00:00+00:00 2100-02-28T00:00+00:00
        month UTC 2026-01-31 1970-01-01T00:00+00:00 1969-12-31T00:00+00:00 1970-01-31T00:00+00:00
        month UTC 2026-01-30 2026-02-28T12:00+00:00 2026-02-28T00:00+00:00 2026-03-30T00:00+00:00
        month UTC 2026-02-28 2026-03-31T12:00+00:00 2026-03-28T00:00+00:00 2026-04-28T00:00+00:00
        month America/New_York 2099-12-31T23:30 2026-02-28T23:29-05:00 2026-01-31T23:30-05:00 2026-02-28T23:30-05:00
        # Starts that did not exist.
        month Pacific/Apia 2026-01-30 2011-12-31T12:00+14:00 2011-12-31T00:00+14:00 2012-01-30T00:00+14:00
        month Africa/Cairo 2026-01-26 2024-05-01T12:00+03:00 2024-04-26T01:00+03:00 2024-05-26T00:00+03:00

        # Quarters.
        quarter Europe/Berlin     - 2026-02-14T12:00+01:00 2026-01-01T00:00+01:00 2026-04-01T00:00+02:00
        quarter UTC               - 2025-12-31T23:59:59.999999+00:00 2025-10-01T00:00+00:00 2026-01-01T00:00+00:00
        quarter UTC 2026-11-30 2026-03-01T00:00+00:00 2026-02-28T00:00+00:00 2026-05-30T00:00+00:00
        quarter UTC 2026-11-30 2026-12-01T00:00+00:00 2026-11-30T00:00+00:00 2027-02-28T00:00+00:00
        quarter UTC 2026-11-30 2027-03-01T00:00+00:00 2027-02-28T00:00+00:00 2027-05-30T00:00+00:00
        quarter UTC 2026-11-30 2028-02-29T00:00+00:00 2028-02-29T00:00+00:00 2028-05-30T00:00+00:00

        # Years, and their ends.
        year UTC                  - 2026-12-31T23:59:59.999999+00:00 2026-01-01T00:00+00:00 2027-01-01T00:00+00:00
        year Europe/Berlin        - 2026-01-01T00:00+01:00 2026-01-01T00:00+01:00 2027-01-01T00:00+01:00
        year Asia/Tokyo           - 2025-12-31T15:00+00:00 2026-01-01T00:00+09:00 2027-01-01T00:00+09:00
        # The 29th of February.
        year UTC 2024-02-29 2025-02-27T23:59+00:00 2024-02-29T00:00+00:00 2025-02-28T00:00+00:00
        year UTC 2024-02-29 2025-02-28T00:00+00:00 2025-02-28T00:00+00:00 2026-02-28T00:00+00:00
        year UTC 2024-02-29 2027-06-01T00:00+00:00 2027-02-28T00:00+00:00 2028-02-29T00:00+00:00
        year UTC 2024-02-29 2028-03-01T00:00+00:00 2028-02-29T00:00+00:00 2029-02-28T00:00+00:00
        year UTC 2024-02-29 2100-03-01T00:00+00:00 2100-02-28T00:00+00:00 2101-02-28T00:00+00:00
        year UTC 2096-02-29 2026-03-01T00:00+00:00 2026-02-28T00:00+00:00 2027-02-28T00:00+00:00
        # Years that begin in April, in July, and on a day that did not exist.
        year Europe/London 2026-04-06 2026-04-05T23:59+01:00 2025-04-06T00:00+01:00 2026-04-06T00:00+01:00
        year Australia/Sydney 2025-07-01 2025-12-31T12:00+11:00 2025-07-01T00:00+10:00 2026-07-01T00:00+10:00
        year Pacific/Apia 2026-12-30 2012-06-01T12:00+13:00 2011-12-31T00:00+14:00 2012-12-30T00:00+14:00
        """;

    public static IReadOnlyList<CalendarCase> All { get; } =
    [
        .. Table
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(line => !line.StartsWith('#'))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(columns => new CalendarCase(
                Enum.Parse<CalendarUnit>(columns[0], ignoreCase: true),
                columns[1],
                columns[2] == "-" ? null : columns[2],
                Microseconds(columns[3]),
                new CalendarPeriod(Microseconds(columns[4]), Microseconds(columns[5]))
            )),
    ];

    private static long Microseconds(string text) =>
        (DateTimeOffset.Parse(text, CultureInfo.InvariantCulture) - DateTimeOffset.UnixEpoch).Ticks
        / TimeSpan.TicksPerMicrosecond;
}
