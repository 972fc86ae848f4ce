using DotNetEnv;
using Sprache;

namespace RateLimiter.Api.Hosting;

/// <summary>Settings of the working directory; an environment variable overrides a setting of the file.</summary>
internal static class DotEnvFile
{
    private const string Name = ".env";

    /// <summary>Makes the settings of the file environment variables. The file is optional.</summary>
    /// <exception cref="FormatException">
    /// The file cannot be read. The message is one line that names the file and the line, and shows no content, which may be
    /// a secret.
    /// </exception>
    public static void Load()
    {
        var path = Path.GetFullPath(Name);
        try
        {
            Env.NoClobber().Load(path);
        }
        catch (ParseException)
        {
            throw new FormatException(
                $"'{path}', line {InvalidLine(path)}, is no setting of the form NAME=VALUE, or a quote in it stays open."
            );
        }
        catch (ArgumentException)
        {
            throw new FormatException($"'{path}' holds a character that no variable can.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"'{path}' cannot be read: {exception.Message}");
        }
    }

    // The line after the longest prefix that parses. For an open quote the parser reports the end of the file.
    private static int InvalidLine(string path)
    {
        var lines = File.ReadAllLines(path);
        return Enumerable
                .Range(0, lines.Length)
                .Last(count => IsUnderstood(string.Join('\n', lines[..count]))) + 1;
    }

    private static bool IsUnderstood(string text)
    {
        try
        {
            Env.LoadContents(text, Env.NoEnvVars());
            return true;
        }
        catch (ParseException)
        {
            return false;
        }
    }
}
