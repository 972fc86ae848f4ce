using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Policies;

public sealed class TimeZonesTests
{
    [Test]
    public void Version_Always_IsAReleaseOfTheIanaDatabase() =>
        Assert.That(TimeZones.Version, Does.Match("^20[0-9]{2}[a-z]$"));

    [TestCase("UTC")]
    [TestCase("Europe/Berlin")]
    [TestCase("America/Argentina/Buenos_Aires")]
    [TestCase("Asia/Kathmandu")]
    [TestCase("Asia/Katmandu", Description = "an older name of the same zone")]
    [TestCase("US/Pacific")]
    [TestCase("Etc/UTC")]
    [TestCase("Etc/GMT+1", Description = "an hour behind UTC")]
    public void Problem_UtcOrANameWithItsArea_IsNone(string name) =>
        Assert.That(TimeZones.Problem(name), Is.Null);

    // Names without an area that the database has.
    [TestCase("CET")]
    [TestCase("EST")]
    [TestCase("EST5EDT")]
    [TestCase("GMT")]
    [TestCase("GMT+0")]
    [TestCase("GMT0")]
    [TestCase("GB")]
    [TestCase("Japan")]
    [TestCase("W-SU")]
    [TestCase("Zulu")]
    [TestCase("UCT")]
    [TestCase("Universal")]
    // Abbreviations and offsets that it does not have, or that NodaTime adds.
    [TestCase("CEST")]
    [TestCase("PDT")]
    [TestCase("GMT+1")]
    [TestCase("UTC+1")]
    [TestCase("UTC+01")]
    [TestCase("UTC+01:00")]
    [TestCase("+01:00")]
    [TestCase("Z")]
    [TestCase("")]
    [TestCase("utc")]
    [TestCase("Berlin")]
    [TestCase("W. Europe Standard Time", Description = "the name of Windows")]
    public void Problem_NoArea_SaysThatAbbreviationsAreNotValid(string name) =>
        Assert.That(
            TimeZones.Problem(name),
            Is.EqualTo(
                "must be UTC or the IANA name of a time zone with its area, such as Europe/Berlin; abbreviations and offsets "
                    + "are not valid"
            )
        );

    [TestCase("Europe/Atlantis")]
    [TestCase("Europe/")]
    [TestCase("/Berlin")]
    [TestCase("/")]
    [TestCase("europe/berlin")]
    [TestCase("Europe/Berlin ")]
    [TestCase("Europe/Berlin\0")]
    [TestCase("Etc/GMT+15")]
    [TestCase("Etc/EST")]
    [TestCase("UTC+01:00/Berlin")]
    [TestCase("posix/Europe/Berlin")]
    [TestCase("right/Europe/Berlin")]
    [TestCase("../Europe/Berlin")]
    [TestCase("/usr/share/zoneinfo/Europe/Berlin")]
    public void Problem_UnknownZone_NamesTheReleaseOfTheData(string name) =>
        Assert.That(
            TimeZones.Problem(name),
            Is.EqualTo(
                $"must be a time zone of the IANA database {TimeZones.Version}, in its spelling, such as Europe/Berlin"
            )
        );
}
