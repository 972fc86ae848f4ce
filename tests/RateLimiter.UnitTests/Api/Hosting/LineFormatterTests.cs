using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RateLimiter.Api.Hosting;

namespace RateLimiter.UnitTests.Api.Hosting;

public sealed class LineFormatterTests
{
    [TestCase("a\r\nfail: forged", "a\\u000d fail: forged")]
    [TestCase("a\nfail: forged", "a fail: forged")]
    [TestCase("\u001b[31mred", "\\u001b[31mred")]
    [TestCase("a\0b\u007fc\u0085d\u2028e\u2029f", "a\\u0000b\\u007fc\\u0085d\\u2028e\\u2029f")]
    [TestCase("\u202egnp.exe", "\\u202egnp.exe")]
    [TestCase("Zoë searches 😀", "Zoë searches 😀")]
    public void Write_AnyText_IsOneLineThatNobodyObeys(string message, string expected)
    {
        Assert.That(
            Written(message),
            Is.EqualTo($"warn: Category[7] {expected}{Environment.NewLine}")
        );
    }

    [Test]
    public void Write_Exception_StandsInTheSameLine()
    {
        var written = Written("It broke", new InvalidOperationException("one\ntwo\r\u001b[2J"));

        Assert.That(
            written,
            Is.EqualTo(
                "warn: Category[7] It broke System.InvalidOperationException: one two\\u000d\\u001b[2J"
                    + Environment.NewLine
            )
        );
    }

    [Test]
    public void Write_InsideOfARequest_NamesItsTrace()
    {
        using var activity = new Activity("request").Start();

        var written = Written("It broke");

        Assert.That(
            written,
            Is.EqualTo(
                $"warn: Category[7] trace_id={activity.TraceId} It broke{Environment.NewLine}"
            )
        );
    }

    [Test]
    public void Write_AfterARequest_NamesNoTrace()
    {
        var activity = new Activity("request").Start();
        activity.Stop();
        Activity.Current = activity;

        Assert.That(
            Written("It broke"),
            Is.EqualTo($"warn: Category[7] It broke{Environment.NewLine}")
        );
    }

    private static string Written(string message, Exception? exception = null)
    {
        using var writer = new StringWriter();
        var entry = new LogEntry<string>(
            LogLevel.Warning,
            "Category",
            new EventId(7),
            message,
            exception,
            (state, _) => state
        );
        new LineFormatter().Write(in entry, null, writer);
        return writer.ToString();
    }
}
