using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Policies;

public sealed class CalendarAnchorTests
{
    [TestCase("2026-01-31", "2026-01-31")]
    [TestCase("2026-01-31T00:00", "2026-01-31")]
    [TestCase("2026-01-31T00:00:00", "2026-01-31")]
    [TestCase("2026-01-31T09:30", "2026-01-31T09:30:00")]
    [TestCase("2026-01-31T00:00:01", "2026-01-31T00:00:01")]
    [TestCase("1970-01-01", "1970-01-01")]
    [TestCase("2000-02-29", "2000-02-29")]
    [TestCase("2100-12-31T23:59:59", "2100-12-31T23:59:59")]
    public void Parse_DateOrDateAndTime_IsTheSameInItsShortestForm(string text, string shortest)
    {
        var anchor = CalendarAnchor.Parse(text);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(CalendarAnchor.Problem(text), Is.Null);
            Assert.That(anchor.ToString(), Is.EqualTo(shortest));
            Assert.That(CalendarAnchor.Parse(shortest), Is.EqualTo(anchor));
        }
    }

    [TestCase("")]
    [TestCase("monday")]
    [TestCase("2026")]
    [TestCase("2026-01")]
    [TestCase("2026-1-31")]
    [TestCase("20260131")]
    [TestCase("31.01.2026")]
    [TestCase("26-01-31")]
    [TestCase("2026-02-29", Description = "not a leap year")]
    [TestCase("2100-02-29", Description = "not a leap year")]
    [TestCase("2026-13-01")]
    [TestCase("2026-00-01")]
    [TestCase("2026-01-00")]
    [TestCase("1969-12-31")]
    [TestCase("2101-01-01")]
    [TestCase("2026-01-31T")]
    [TestCase("2026-01-31T9:30")]
    [TestCase("2026-01-31T24:00")]
    [TestCase("2026-01-31T23:60")]
    [TestCase("2026-01-31T23:59:60")]
    [TestCase("2026-01-31T09:30:00.5")]
    [TestCase("2026-01-31 09:30")]
    [TestCase("2026-01-31t09:30")]
    [TestCase("2026-01-31T09:30Z")]
    [TestCase("2026-01-31T09:30:00z")]
    [TestCase("2026-01-31T09:30+01:00")]
    [TestCase("2026-01-31T09:30-05")]
    [TestCase("2026-01-31Z")]
    [TestCase("2026-01-31+01:00")]
    [TestCase(" 2026-01-31")]
    [TestCase("2026-01-31 ")]
    [TestCase("2026-01-31\n")]
    [TestCase("2026-01-31\0")]
    [TestCase("-2026-01-31")]
    [TestCase("２０２６-01-31")]
    public void Problem_AnythingElse_SaysWhatAnAnchorIs(string text)
    {
        var problem = CalendarAnchor.Problem(text);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                problem,
                Is.EqualTo(
                    "must be a date or a date and time without offset, from 1970 to 2100, such as 2026-01-31 or "
                        + "2026-01-31T09:30"
                )
            );
            Assert.That(
                () => CalendarAnchor.Parse(text),
                Throws.TypeOf<FormatException>().With.Message.Contains(problem)
            );
        }
    }
}
