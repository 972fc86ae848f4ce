using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace RateLimiter.Api.Hosting;

/// <summary>
/// Writes each message in one line, without characters that a terminal or a log parser would interpret: a framework message
/// may contain a caller's path or name, which must not look like another message. Inside a request it writes the trace id,
/// as problem responses do.
/// </summary>
internal sealed class LineFormatter() : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";

    public override void Write<TState>(
        in LogEntry<TState> logEntry,
        IExternalScopeProvider? scopeProvider,
        TextWriter textWriter
    )
    {
        var line = new StringBuilder();
        line.Append(Level(logEntry.LogLevel))
            .Append(": ")
            .Append(logEntry.Category)
            .Append(CultureInfo.InvariantCulture, $"[{logEntry.EventId.Id}] ");
        // Before text that may come from a caller. A request that has ended has no trace id any more.
        if (Activity.Current is { IsStopped: false } activity)
        {
            line.Append("trace_id=").Append(activity.TraceId.ToHexString()).Append(' ');
        }

        Append(line, logEntry.Formatter(logEntry.State, logEntry.Exception));
        if (logEntry.Exception is { } exception)
        {
            line.Append(' ');
            Append(line, exception.ToString());
        }

        textWriter.WriteLine(line);
    }

    private static void Append(StringBuilder line, string text)
    {
        foreach (var character in text)
        {
            if (character == '\n')
            {
                line.Append(' ');
            }
            else if (IsObeyed(character))
            {
                line.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            }
            else
            {
                line.Append(character);
            }
        }
    }

    // Control characters, Unicode line separators, and invisible characters that change the text direction.
    private static bool IsObeyed(char character) =>
        char.GetUnicodeCategory(character)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator;

    private static string Level(LogLevel level) =>
        level switch
        {
            LogLevel.Trace => "trce",
            LogLevel.Debug => "dbug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warn",
            LogLevel.Error => "fail",
            _ => "crit",
        };
}
