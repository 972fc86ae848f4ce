using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using RateLimiter.Application.Telemetry;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// A Lua script, called by its SHA-1 so that its text is sent only once. SHA-1 is what the protocol requires.
/// </summary>
internal sealed partial class RedisScript
{
    private const string Command = "EVALSHA";

    private static readonly Histogram<double> Durations = Instrumentation.Meter.CreateHistogram(
        "ratelimiter.store.duration",
        "s",
        "How long the store took for a call of a script, which may decide many checks.",
        tags: null,
        Instrumentation.Durations
    );

    private readonly string name;
    private readonly string spanName;
    private readonly string text;
    private readonly byte[] sha;

    private RedisScript(string name, string text)
    {
        this.name = name;
        spanName = $"{Command} {name}";
        this.text = text;
#pragma warning disable CA5350 // EVALSHA names scripts by their SHA-1; nothing secret depends on it.
        sha = SHA1.HashData(Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5350
    }

    /// <summary>
    /// The script in the file of that name beside its adapter. In it, <c>load_module(name)</c> returns what the file of
    /// that name returns; modules that a call does not need are not created.
    /// </summary>
    /// <param name="name">The file, without <c>.lua</c>.</param>
    /// <param name="modules">
    /// Modules whose names the script only computes: names that it writes out are found in its text.
    /// </param>
    public static RedisScript Load(string name, params IEnumerable<string> modules)
    {
        var script = Read(name);
        var sources = new Dictionary<string, string>();
        foreach (var module in modules.Concat(ModulesOf(script)))
        {
            AddModule(module, sources);
        }

        if (sources.Count == 0)
        {
            return new RedisScript(name, script);
        }

        var text = new StringBuilder(
            """
            local sources, loaded = {}, {}
            local function load_module(name)
              loaded[name] = loaded[name] or sources[name]()
              return loaded[name]
            end

            """
        );
        foreach (var (module, source) in sources)
        {
            text.Append("sources['").Append(module).Append("'] = function()\n");
            text.Append(source).Append("end\n");
        }

        return new RedisScript(name, text.Append(script).ToString());
    }

    public async Task<RedisResult> EvaluateAsync(
        IDatabase database,
        RedisKey[] keys,
        RedisValue[] values
    )
    {
        using var span = StartSpan();
        var start = TimeProvider.System.GetTimestamp();
        var tags = new TagList { { "script", name } };
        try
        {
            return await CallAsync(database, keys, values);
        }
        catch (Exception exception)
        {
            var error = ErrorOf(exception);
            tags.Add("error.type", error);
            span?.SetTag("error.type", error);
            span?.SetStatus(ActivityStatusCode.Error);
            throw;
        }
        finally
        {
            Durations.Record(TimeProvider.System.GetElapsedTime(start).TotalSeconds, tags);
        }
    }

    // Only as part of a caller's trace: the monitor and the writers would create traces with nothing else in them.
    private Activity? StartSpan()
    {
        if (Activity.Current is null)
        {
            return null;
        }

        var span = Instrumentation.Spans.StartActivity(spanName, ActivityKind.Client);
        return span
            ?.SetTag("db.system.name", "redis")
            .SetTag("db.operation.name", Command)
            .SetTag("db.stored_procedure.name", name);
    }

    // Not the message, which may contain names of keys.
    private static string ErrorOf(Exception exception) =>
        exception switch
        {
            TimeoutException => "timeout",
            RedisConnectionException => "connection",
            RedisServerException => "server",
            _ => "_OTHER",
        };

    private async Task<RedisResult> CallAsync(
        IDatabase database,
        RedisKey[] keys,
        RedisValue[] values
    )
    {
        try
        {
            return await database.ScriptEvaluateAsync(sha, keys, values, CommandFlags.DemandMaster);
        }
        catch (RedisServerException exception) when (exception.Kind == RedisErrorKind.NoScript)
        {
            // The store was restarted, or its scripts were flushed. Nothing was executed, so that it is safe to repeat
            // the call. Send the whole text, because a script that was only loaded could be flushed again before it is
            // called.
            return await database.ScriptEvaluateAsync(
                text,
                keys,
                values,
                CommandFlags.DemandMaster | CommandFlags.NoScriptCache
            );
        }
    }

    private static void AddModule(string module, Dictionary<string, string> sources)
    {
        var source = Read(module);
        if (sources.TryAdd(module, source))
        {
            foreach (var other in ModulesOf(source))
            {
                AddModule(other, sources);
            }
        }
    }

    private static IEnumerable<string> ModulesOf(string script) =>
        ModuleName().Matches(script).Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"load_module\('(\w+)'\)")]
    private static partial Regex ModuleName();

    private static string Read(string name)
    {
        using var stream = typeof(RedisScript).Assembly.GetManifestResourceStream($"{name}.lua")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
