//! Rows as Parquet. Each block becomes a small file of one row group in memory; joining copies
//! their column chunks as they are, so that no row is encoded twice and a joined file does not
//! depend on who made its blocks.

use crate::spec::Diagnostic;
use crate::sweep::grid::rows::{Cells, Heading, Kind, Rows};
use bytes::Bytes;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use std::io::Write;
use std::sync::Arc;

fn refused(error: &ParquetError) -> Diagnostic {
    Diagnostic::new(format!("cannot write Parquet: {error}"))
}

/// The schema of columns.
fn schema(headings: &[Heading]) -> Result<TypePtr, ParquetError> {
    let column = |heading: &Heading| {
        let (physical, repetition, logical) = match heading.kind {
            Kind::Words => (Physical::BYTE_ARRAY, Repetition::OPTIONAL, Some(LogicalType::String)),
            Kind::Int => (Physical::INT64, Repetition::REQUIRED, None),
            Kind::Number => (Physical::DOUBLE, Repetition::OPTIONAL, None),
            Kind::Bool => (Physical::BOOLEAN, Repetition::REQUIRED, None),
        };
        let built = Type::primitive_type_builder(&heading.name, physical)
            .with_repetition(repetition)
            .with_logical_type(logical)
            .build();
        built.map(Arc::new)
    };
    let fields = headings.iter().map(column).collect::<Result<_, _>>()?;
    Ok(Arc::new(Type::group_type_builder("sweep").with_fields(fields).build()?))
}

/// Words repeat, so they are kept once per row group; figures do not.
fn properties(headings: &[Heading]) -> WriterPropertiesPtr {
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("afford ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(None);
    for heading in headings.iter().filter(|heading| heading.kind == Kind::Number) {
        let path = ColumnPath::new(vec![heading.name.clone()]);
        properties = properties.set_column_dictionary_enabled(path, false);
    }
    Arc::new(properties.build())
}

/// A block as a file of one row group.
pub(super) fn block(headings: &[Heading], rows: &Rows) -> Result<Vec<u8>, Diagnostic> {
    write_block(headings, rows).map_err(|error| refused(&error))
}

fn write_block(headings: &[Heading], rows: &Rows) -> Result<Vec<u8>, ParquetError> {
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, schema(headings)?, properties(headings))?;
    let mut group = writer.next_row_group()?;
    for cells in &rows.columns {
        match cells {
            Cells::Words(words, at) => {
                let words: Vec<ByteArray> = words.iter().map(|word| word.as_ref().into()).collect();
                let there = |at: &u32| words.get(*at as usize).cloned();
                optional::<ByteArrayType, _>(&mut group, at, there)?;
            }
            Cells::Int(all) => {
                let all: Vec<i64> = all.iter().map(|n| *n as i64).collect();
                write::<Int64Type>(&mut group, &all, None)?;
            }
            Cells::Number(all) => {
                optional::<DoubleType, _>(&mut group, all, |n| Some(*n).filter(|n| n.is_finite()))?;
            }
            Cells::Bool(all) => write::<BoolType>(&mut group, all, None)?,
        }
    }
    group.close()?;
    writer.close()?;
    Ok(bytes)
}

/// Writes a column of values that may be absent.
fn optional<D: DataType, T>(
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    all: &[T],
    there: impl Fn(&T) -> Option<D::T>,
) -> Result<(), ParquetError> {
    let mut values = Vec::with_capacity(all.len());
    let mut levels = Vec::with_capacity(all.len());
    for value in all {
        let value = there(value);
        levels.push(i16::from(value.is_some()));
        values.extend(value);
    }
    write::<D>(group, &values, Some(&levels))
}

fn write<D: DataType>(
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    values: &[D::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("more columns than the schema has".to_owned()));
    };
    column.typed::<D>().write_batch(values, levels, None)?;
    column.close()
}

/// Joins files of the same columns into one, row group by row group.
#[derive(Debug)]
pub(super) struct Joiner<W: Write + Send> {
    writer: SerializedFileWriter<W>,
}

impl<W: Write + Send> Joiner<W> {
    pub(super) fn new(to: W, headings: &[Heading]) -> Result<Self, Diagnostic> {
        let writer = schema(headings)
            .and_then(|schema| SerializedFileWriter::new(to, schema, properties(headings)));
        writer.map(|writer| Self { writer }).map_err(|error| refused(&error))
    }

    /// A file with the columns of another.
    pub(super) fn like(to: W, file: &std::fs::File) -> Result<Self, Diagnostic> {
        let made = file.try_clone().map_err(ParquetError::from).and_then(|file| {
            let reader = SerializedFileReader::new(file)?;
            let schema = reader.metadata().file_metadata().schema_descr().root_schema_ptr();
            SerializedFileWriter::new(to, schema, properties(&[]))
        });
        made.map(|writer| Self { writer }).map_err(|error| refused(&error))
    }

    /// Appends the row groups of a whole small file.
    pub(super) fn append(&mut self, file: Vec<u8>) -> Result<(), Diagnostic> {
        self.copy(&Bytes::from(file)).map_err(|error| refused(&error))
    }

    fn copy(&mut self, file: &Bytes) -> Result<(), ParquetError> {
        let reader = SerializedFileReader::new(file.clone())?;
        copy_groups(&mut self.writer, file, &reader)
    }

    /// Appends the row groups of a file on disk.
    pub(super) fn append_file(&mut self, file: &std::fs::File) -> Result<(), Diagnostic> {
        let copied = file.try_clone().map_err(ParquetError::from).and_then(|clone| {
            let reader = SerializedFileReader::new(clone)?;
            copy_groups(&mut self.writer, file, &reader)
        });
        copied.map_err(|error| refused(&error))
    }

    pub(super) fn finish(self) -> Result<W, Diagnostic> {
        self.writer.into_inner().map_err(|error| refused(&error))
    }
}

fn copy_groups<W: Write + Send, R: parquet::file::reader::ChunkReader + 'static>(
    writer: &mut SerializedFileWriter<W>,
    from: &R,
    reader: &SerializedFileReader<R>,
) -> Result<(), ParquetError> {
    for group in reader.metadata().row_groups() {
        let mut to = writer.next_row_group()?;
        for column in group.columns() {
            let chunk = ColumnCloseResult {
                bytes_written: column.compressed_size() as u64,
                rows_written: group.num_rows() as u64,
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            to.append_column(from, chunk)?;
        }
        to.close()?;
    }
    Ok(())
}
