using NodaTime;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Policies;

public sealed class CalendarScheduleTests
{
    private const long Second = 1_000_000;
    private const long Day = 86_400 * Second;

    private static readonly CalendarUnit[] Units = Enum.GetValues<CalendarUnit>();

    private static readonly IReadOnlyList<CalendarCase> Cases = CalendarCases.All;

    [TestCaseSource(nameof(Cases))]
    public void Around_AnyInstantOfAPeriod_IsThePeriodBetweenItsNeighbours(CalendarCase expected)
    {
        var period = expected.Period;
        var schedule = Schedule(expected.Unit, expected.Zone, expected.Anchor);

        var around = schedule.Around(expected.At);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(around.Current, Is.EqualTo(period));
            Assert.That(schedule.Around(period.Start), Is.EqualTo(around));
            Assert.That(schedule.Around(period.End - 1), Is.EqualTo(around));
            Assert.That(schedule.At(period.Start - 1), Is.EqualTo(around.Previous));
            Assert.That(schedule.At(period.End), Is.EqualTo(around.Next));
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void At_PlainCalendar_IsTheSamePeriod(CalendarCase expected)
    {
        var plain = Plain(expected.Unit, expected.Zone, expected.Anchor);

        Assert.That(plain.At(expected.At), Is.EqualTo(expected.Period));
    }

    // Zones whose clocks were changed in many ways, but of whose past no later data is expected to say anything else.
    [TestCase("Africa/Cairo")]
    [TestCase("Africa/Casablanca")]
    [TestCase("America/Caracas")]
    [TestCase("America/Havana")]
    [TestCase("America/New_York")]
    [TestCase("America/Sao_Paulo")]
    [TestCase("Antarctica/Troll")]
    [TestCase("Asia/Pyongyang")]
    [TestCase("Australia/Lord_Howe")]
    [TestCase("Europe/Berlin")]
    [TestCase("Europe/Istanbul")]
    [TestCase("Europe/Volgograd")]
    [TestCase("Pacific/Apia")]
    [TestCase("Pacific/Chatham")]
    [TestCase("Pacific/Kwajalein")]
    public void At_InstantsNearAndFarFromChangesOfTheClock_AgreesWithThePlainCalendar(string zone)
    {
        var random = new Random(22);
        for (var i = 0; i < 300; i++)
        {
            var (unit, anchor) = (Units[random.Next(Units.Length)], Anchor(random));
            var at = Instant(random, 1992, 2024);
            if (i % 3 > 0 && PlainCalendar.NextChange(Zone(zone), at) is { } change)
            {
                at = change + random.NextInt64(-Day, Day);
            }

            Assert.That(
                Schedule(unit, zone, anchor).At(at),
                Is.EqualTo(Plain(unit, zone, anchor).At(at)),
                $"{unit} {anchor} {at}"
            );
        }
    }

    [Test]
    public void Around_AnyZoneAnchorAndInstant_DividesTimeWithoutGapOrOverlap()
    {
        var random = new Random(2026);
        var zones = DateTimeZoneProviders
            .Tzdb.Ids.Where(name => TimeZones.Problem(name) is null)
            .ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var (unit, anchor) = (Units[random.Next(Units.Length)], Anchor(random));
            var zone = zones[random.Next(zones.Length)];
            var schedule = Schedule(unit, zone, anchor);
            var at = Instant(random, 1900, 2150);

            var (previous, current, next) = schedule.Around(at);

            var inside = random.NextInt64(current.Start, current.End);
            var isRight =
                previous.Start < previous.End
                && previous.End == current.Start
                && current.Start <= at
                && at < current.End
                && current.End == next.Start
                && next.Start < next.End
                && (unit != CalendarUnit.Hour || current.End - current.Start <= 3600 * Second)
                && schedule.At(current.Start) == current
                && schedule.At(inside) == current
                && schedule.At(current.End - 1) == current;
            Assert.That(isRight, $"{unit} {zone} {anchor} {at}");
        }
    }

    [Test]
    public void Around_PeriodAfterPeriodOfManyYears_IsEachAfterTheOther([Values] CalendarUnit unit)
    {
        // The zone changes its clock at midnight, and the 29th to 31st and the time of the anchor are often missing.
        var schedule = Schedule(unit, "Africa/Cairo", "2028-02-29T00:30");
        var periods = new List<CalendarPeriod> { schedule.At(0) };
        for (var i = 0; i < 5_000; i++)
        {
            periods.Add(schedule.Around(periods[^1].Start).Next);
        }

        Assert.That(
            periods.Skip(1).Select(period => schedule.Around(period.Start).Previous),
            Is.EqualTo(periods.SkipLast(1))
        );
    }

    [Test]
    public void At_NoAnchor_IsAsWithTheCalendarsOwnStart([Values] CalendarUnit unit)
    {
        var random = new Random(1);
        for (var i = 0; i < 100; i++)
        {
            var at = Instant(random, 1970, 2100);

            Assert.That(
                Schedule(unit, "Europe/Berlin", null).At(at),
                Is.EqualTo(Schedule(unit, "Europe/Berlin", "2018-01-01").At(at)),
                $"{at}: January 1, 2018 was a Monday"
            );
        }
    }

    [Test]
    public void At_FarYears_ContainsTheInstant(
        [Values] CalendarUnit unit,
        [Values(1, 9990)] int year
    )
    {
        var at = Instant(new Random(year), year, year);

        var period = Schedule(unit, "Europe/Berlin", "2026-01-31").At(at);

        Assert.That(at, Is.GreaterThanOrEqualTo(period.Start).And.LessThan(period.End));
    }

    [TestCase("CET")]
    [TestCase("Europe/Atlantis")]
    public void Constructor_WrongTimeZone_SaysWhatIsWrong(string zone) =>
        Assert.That(
            () => new CalendarSchedule(CalendarUnit.Day, zone),
            Throws.ArgumentException.With.Message.Contains(TimeZones.Problem(zone)!)
        );

    private static CalendarSchedule Schedule(CalendarUnit unit, string zone, string? anchor) =>
        new(unit, zone, anchor is null ? null : CalendarAnchor.Parse(anchor));

    private static PlainCalendar Plain(CalendarUnit unit, string zone, string? anchor) =>
        new(Zone(zone), unit, anchor);

    private static TimeZoneInfo Zone(string name)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
        {
            Assert.Ignore($"The system has no time-zone data of {name}.");
        }

        return zone!;
    }

    private static long Instant(Random random, int firstYear, int lastYear) =>
        random.NextInt64(Years(firstYear), Years(lastYear + 1));

    private static long Years(int year) =>
        (new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).Ticks
        / TimeSpan.TicksPerMicrosecond;

    /// <summary>None, a date or a date and time; the ends of months are as frequent as all other days.</summary>
    private static string? Anchor(Random random)
    {
        var (year, month) = (random.Next(1970, 2101), random.Next(1, 13));
        var days = DateTime.DaysInMonth(year, month);
        var date = $"{year}-{month:00}-{(random.Next(2) == 0 ? days : random.Next(1, days)):00}";
        return random.Next(4) switch
        {
            0 => null,
            1 => date,
            _ => $"{date}T{random.Next(24):00}:{random.Next(60):00}",
        };
    }
}
